"""Whether numbers are numbers: where weights are read, made and written."""

from __future__ import annotations

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch


def all_finite(tensor: torch.Tensor) -> bool:
    """Whether no value is NaN or infinite; of any shape, and of no dtype that is none of floats."""
    # Quantized values are never computed with, and have no sum.
    if not tensor.is_floating_point() or tensor.dtype.itemsize == 1:
        return True
    if tensor.dtype == torch.float64:
        tensor = tensor.float()  # Nothing here computes with larger values than float32 holds.
    # A sum is many times faster than looking at every value, but it can overflow.
    return bool(torch.isfinite(tensor.sum())) or bool(torch.isfinite(tensor.float()).all())


def cast(name: str, tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A tensor in the dtype in which it is written or used.

    Raises:
        AlphaRLBenchError: a value is not finite, or no longer in this dtype.
    """
    there = tensor.to(dtype)
    if all_finite(there):
        return there
    kind = str(dtype).removeprefix("torch.")
    bad = there.numel() - int(torch.isfinite(there).sum())
    raise AlphaRLBenchError(
        f"'{name}': {bad:,} of {there.numel():,} values are infinite or NaN as {kind}, whose "
        f"largest is {torch.finfo(dtype).max:.3g}; choose a wider --dtype, or a smaller --alpha or "
        "target"
    )
