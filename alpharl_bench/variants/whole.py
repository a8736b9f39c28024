"""The whole weights of a checkpoint, as the base has them."""

from __future__ import annotations

from collections.abc import Iterator

from alpharl_bench.checkpoints import Weights, compare, is_head
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.variants.heads import embeddings_name, head_name, head_of, ties


def whole(base: Weights, checkpoint: Weights) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of the base by name, as the checkpoint has it; read one at a time.

    The output head comes last, unless base and checkpoint both tie it to the embeddings: the
    checkpoint's own, or its embeddings where it ties them and the base does not.

    Raises:
        AlphaRLBenchError: checkpoint and base differ in the names or shapes of their tensors, or a
            value is not finite.
    """
    compare(base, checkpoint).require()
    for name in base.names:
        # Buffers that older versions of transformers saved are in one of the two alone.
        if is_head(name) or name not in checkpoint.names:
            continue
        tensor = checkpoint.tensor(name)
        _require(checkpoint, name, tensor, base.shape(name), base)
        yield name, tensor
    if ties(base) and ties(checkpoint):
        return
    own, head = head_name(base) or head_name(checkpoint), head_of(checkpoint)
    like = head_name(base) or embeddings_name(base)
    if own is not None and head is not None and like is not None:
        _require(checkpoint, own, head, base.shape(like), base)
        yield own, head


def _require(
    checkpoint: Weights, name: str, tensor: torch.Tensor, shape: tuple[int, ...], base: Weights
) -> None:
    if tuple(tensor.shape) != shape:
        raise AlphaRLBenchError(
            f"{checkpoint.folder}: tensor '{name}' has shape {tuple(tensor.shape)}, the base "
            f"{base.folder} has {tuple(shape)}: the whole checkpoint does not fit into the base; "
            "low-rank variants do"
        )
