"""The whole weights of a checkpoint, as the base has them."""

from __future__ import annotations

from collections.abc import Iterator

from alpharl_bench.checkpoints import Weights, compare
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch


def whole(base: Weights, checkpoint: Weights) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of the base by name, as the checkpoint has it; read one at a time.

    Raises:
        AlphaRLBenchError: checkpoint and base differ in the names or shapes of their tensors, or a
            value is not finite.
    """
    compare(base, checkpoint).require()
    for name in base.names:
        if name not in checkpoint.names:
            continue  # A tied output head; compare() would have said if it were another.
        tensor = checkpoint.tensor(name)
        if tensor.shape != base.shape(name):
            raise AlphaRLBenchError(
                f"{checkpoint.file(name)}: tensor '{name}' has shape {tuple(tensor.shape)}, the "
                f"base has {tuple(base.shape(name))}: the whole checkpoint does not fit into the "
                "base; low-rank variants do"
            )
        yield name, tensor
