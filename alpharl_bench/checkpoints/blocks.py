"""Parts of a tensor: what is done over whole models is done a million entries at a time."""

from __future__ import annotations

import math

from alpharl_bench.lazy import torch

# Entries of a tensor that are summed or compared at a time, for each model that takes part.
_BLOCK = 1 << 20


def row_blocks(shape: tuple[int, ...]) -> list[slice | None]:
    """Parts of a tensor's first dimension of about a million entries; None is all of it."""
    entries = math.prod(shape)
    if entries <= _BLOCK:
        return [None]
    rows = max(1, _BLOCK * shape[0] // entries)
    return [slice(start, min(start + rows, shape[0])) for start in range(0, shape[0], rows)]


def block_shape(shape: tuple[int, ...], rows: slice | None) -> torch.Size:
    """The shape of a part of a tensor's first dimension; of all of it for None."""
    return torch.empty(shape, device="meta")[rows or ...].shape
