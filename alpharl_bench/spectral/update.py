"""The update matrix of each module: what training added to a weight (§2.1)."""

import re
from collections.abc import Iterator

import torch

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError

# The paper's modules: the 2-D weights of attention and MLP. Embeddings, lm_head, norms and biases
# stay at their base values, as in the authors' code.
_MODULE = re.compile(r"\.(self_attn|mlp)\..+\.weight$")


def update_modules(weights: WeightFiles) -> list[str]:
    """The names of the attention and MLP weight matrices of a model, sorted."""
    return [
        name for name in weights.names if _MODULE.search(name) and len(weights.shape(name)) == 2
    ]


def update_matrix(base: WeightFiles, trained: WeightFiles, name: str) -> torch.Tensor:
    """ΔW = W_trained − W_base of one module.

    Returns:
        (m, n) float32, whatever dtype the files have: the difference of two bfloat16 weights
        rounds away most of a small RL update.

    Raises:
        AlphaRLBenchError: the tensor is missing on one side, or the shapes differ.
    """
    before, after = base.tensor(name), trained.tensor(name)
    if before.shape != after.shape:
        raise AlphaRLBenchError(
            f"{trained.folder}: tensor '{name}' has shape {tuple(after.shape)}, the base "
            f"{base.folder} has {tuple(before.shape)}; is this the run's base?"
        )
    return after.float() - before.float()


def update_matrices(base: WeightFiles, trained: WeightFiles) -> Iterator[tuple[str, torch.Tensor]]:
    """(name, ΔW) of every attention and MLP module, one at a time.

    Raises:
        AlphaRLBenchError: the base has no such module, or see :func:`update_matrix`.
    """
    names = update_modules(base)
    if not names:
        raise AlphaRLBenchError(f"{base.folder}: no attention or MLP weight matrix in this model")
    for name in names:
        yield name, update_matrix(base, trained, name)
