"""How much of an update is left after it is written in a format: bfloat16 swallows small ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from alpharl_bench.checkpoints import Weights
from alpharl_bench.lazy import torch
from alpharl_bench.spectral import LowRank

#: A merged folder in its storage dtype, the factors of an adapter, and a model patched in float32.
FORMATS = ("merged", "peft", "in place")


@dataclass(frozen=True)
class Rounding:
    """An update as stored, against the exact one; sums over entries, so that modules add up.

    ``square`` is ‖Δ‖², ``inner`` ⟨Δ, Δ_stored⟩, ``error_square`` ‖Δ_stored − Δ‖²; ``changed`` of
    ``entries`` weights differ from the weights that the update was added to.
    """

    square: float = 0.0
    inner: float = 0.0
    error_square: float = 0.0
    changed: int = 0
    entries: int = 0

    @classmethod
    def of(cls, exact: torch.Tensor, stored: torch.Tensor) -> Self:
        """Compare an update (m, n) float32 with what a format makes of it, (m, n) float32."""
        return cls(
            square=float(exact.square().sum(dtype=torch.float64)),
            inner=float((exact * stored).sum(dtype=torch.float64)),
            error_square=float((stored - exact).square().sum(dtype=torch.float64)),
            changed=int(stored.count_nonzero()),
            entries=stored.numel(),
        )

    def __add__(self, other: Rounding) -> Rounding:
        return Rounding(
            self.square + other.square,
            self.inner + other.inner,
            self.error_square + other.error_square,
            self.changed + other.changed,
            self.entries + other.entries,
        )

    @property
    def kept(self) -> float:
        """The part of the update's norm that survives along its own direction; NaN of none."""
        return self.inner / self.square if self.square else math.nan

    @property
    def error(self) -> float:
        """‖Δ_stored − Δ‖ / ‖Δ‖; NaN for an update of zero."""
        return math.sqrt(self.error_square / self.square) if self.square else math.nan

    @property
    def changed_share(self) -> float:
        """The part of the weights that the stored update changes at all."""
        return self.changed / self.entries if self.entries else math.nan


def lora_factors(factors: LowRank) -> tuple[torch.Tensor, torch.Tensor]:
    """A (r, n) and B (m, r) with B·A the update: √σ goes to either side, its sign to B."""
    root = factors.sigma.abs().sqrt()
    return root[:, None] * factors.right.T, factors.left * (root * factors.sigma.sign())


def roundings(
    weight: torch.Tensor, factors: LowRank, storage: torch.dtype, adapter: torch.dtype
) -> dict[str, Rounding]:
    """The rounding of one module's update in each of the three formats.

    Args:
        weight: (m, n), what the update is added to, in its stored dtype.
        factors: the update.
        storage: the dtype of the merged folder.
        adapter: the dtype of the adapter's factors.
    """
    exact, before = factors.dense(), weight.float()
    after = before + exact
    a, b = (part.to(adapter).float() for part in lora_factors(factors))
    stored = (after.to(storage).float() - before, b @ a, after - before)
    return {form: Rounding.of(exact, update) for form, update in zip(FORMATS, stored, strict=True)}


def merged_rounding(update: Mapping[str, LowRank], base: Weights, storage: torch.dtype) -> Rounding:
    """What is left of an update that is added to the base's matrices and written in a dtype."""
    total = Rounding()
    for name, factors in update.items():
        before, exact = base.tensor(name), factors.dense()
        stored = (before.float() + exact).to(storage).float() - before.to(storage).float()
        total += Rounding.of(exact, stored)
    return total
