"""Output heads: which weights are the head of a model, tied to its embeddings or its own.

As transformers does it: a head is the embeddings where the config ties them, unless the file holds
another head beside them.
"""

from __future__ import annotations

from alpharl_bench.checkpoints import Weights, is_head, is_vocabulary, tied_embeddings
from alpharl_bench.lazy import torch
from alpharl_bench.variants.combined import CombinedWeights


def head_name(weights: Weights) -> str | None:
    """The name of a stored output head."""
    return next(filter(is_head, weights.names), None)


def embeddings_name(weights: Weights) -> str | None:
    """The name of the token embeddings."""
    return next((n for n in weights.names if is_vocabulary(n) and not is_head(n)), None)


def ties(weights: Weights) -> bool:
    """Whether the head of a model is its embeddings; values are read only where both are stored.

    A combination of models, and a base with a low-rank update, keep the head of their base: its own
    or the tied one.
    """
    if isinstance(weights, CombinedWeights):
        return ties(weights.base)
    head, embeddings = head_name(weights), embeddings_name(weights)
    if head is None:
        return True
    if embeddings is None or not tied_embeddings(weights):
        return False
    return torch.equal(weights.tensor(head), weights.tensor(embeddings))


def head_of(weights: Weights) -> torch.Tensor | None:
    """The output head, (vocabulary, hidden) in its stored dtype; None without any vocabulary."""
    name = embeddings_name(weights) if ties(weights) else head_name(weights)
    return None if name is None else weights.tensor(name)
