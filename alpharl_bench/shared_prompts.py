"""Prompts that several rows of a batch have in common are read once."""

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


def read_once(
    model: Any, ids: torch.Tensor, mask: torch.Tensor
) -> tuple[DynamicCache, torch.Tensor]:
    """Read every distinct prompt of a batch, and lay its keys and values beside each of its rows.

    Gradients flow through them into the prompt's tokens, so it serves training as well.

    Args:
        model: a causal language model whose cache is one of keys and values.
        ids: (rows, tokens), padded on the left.
        mask: 0 where ``ids`` pads.

    Returns:
        The cache of all rows, and the logits behind their prompts, (rows, 1, vocabulary).
    """
    both, place = torch.unique(torch.cat([ids, mask], dim=1), dim=0, return_inverse=True)
    distinct, attended = both.split(ids.shape[1], dim=1)
    read = model(
        input_ids=distinct,
        attention_mask=attended,
        position_ids=positions(attended),
        use_cache=True,
        logits_to_keep=1,
    )
    cache: DynamicCache = read.past_key_values
    cache.batch_select_indices(place)
    return cache, read.logits[place]


def positions(mask: torch.Tensor) -> torch.Tensor:
    """The place of every token in its own text, (rows, tokens); that of padding does not matter."""
    return (mask.cumsum(dim=1) - 1).clamp(min=0)


def can_share(model: Any) -> bool:
    """Whether a model keeps plain keys and values, and nothing else listens to what it reads.

    A hook on its forward, as that which extrapolates logits, counts on one text in every row. A
    state that is not one of keys and values, as of Mamba, or that forgets, as sliding windows do,
    is left alone.
    """
    if model._forward_hooks:  # noqa: SLF001  (torch has no other way to ask)
        return False
    cache = DynamicCache(config=model.config)
    return all(type(layer) is DynamicLayer for layer in cache.layers)
