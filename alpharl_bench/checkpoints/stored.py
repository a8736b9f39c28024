"""A tensor as it lies in a file: what it is, and where its bytes are."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from math import prod
from pathlib import Path

from alpharl_bench.errors import AlphaRLBenchError, reason_of
from alpharl_bench.lazy import torch
from alpharl_bench.limits import DIMENSIONS
from alpharl_bench.untrusted import opened

# What torch counts with.
_LARGEST = 2**63


@dataclass(frozen=True)
class StoredTensor:
    """Bytes ``start`` to ``start + length`` of a file as a tensor.

    ``dtype`` is torch's name of it. ``stride`` is in elements; without one, it is contiguous.
    """

    dtype: str
    shape: tuple[int, ...]
    start: int
    length: int
    stride: tuple[int, ...] | None = None

    def header(self) -> torch.Tensor:
        """A tensor of this shape and dtype on the device ``meta``, which has no values."""
        return torch.empty(self.shape, dtype=getattr(torch, self.dtype), device="meta")

    def mapped(self, path: Path) -> torch.Tensor:
        """The tensor as a view of its mapped file: its values are read when they are used.

        Nothing else of the file is mapped, and what is written into the tensor stays in memory.

        Raises:
            AlphaRLBenchError: the file cannot be read, or is shorter than it was.
        """
        dtype = getattr(torch, self.dtype)
        if not self.length:
            return torch.empty(self.shape, dtype=dtype)
        before = self.start % mmap.ALLOCATIONGRANULARITY
        try:
            with opened(path) as file:
                view = mmap.mmap(
                    file.fileno(),
                    before + self.length,
                    access=mmap.ACCESS_COPY,
                    offset=self.start - before,
                )
        except (OSError, ValueError) as error:
            raise AlphaRLBenchError(f"{path}: cannot be mapped ({reason_of(error)})") from error
        flat = torch.frombuffer(
            view, dtype=dtype, count=self.length // dtype.itemsize, offset=before
        )
        if self.stride is None:
            return flat.view(self.shape)
        return flat.as_strided(self.shape, self.stride)


def countable(shape: tuple[int, ...]) -> bool:
    """Whether torch can have a tensor of this shape: every stride of it is a number of 63 bits."""
    return len(shape) <= DIMENSIONS and prod(size for size in shape if size) < _LARGEST
