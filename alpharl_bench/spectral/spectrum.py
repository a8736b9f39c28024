"""How concentrated an update is: norms and the part of them in a few subspaces (Figure 5a)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from alpharl_bench.lazy import torch
from alpharl_bench.spectral.svd import Decomposition, decompose, singular_values
from alpharl_bench.spectral.threads import one_thread_per_matrix

#: Where a spectrum is kept for a plot: index of the singular value, in % of min(m, n); 0 is σ₁.
PROFILE = (0, 1, 2, 3, 5, 7, 10, *range(15, 101, 5))

# So many random numbers are drawn for the null of one shape.
_NOISE_ENTRIES = 1 << 20


_COLUMNS = (
    "norm",
    "rank1_fraction",
    "rank1_percent_fraction",
    "noise_rank1_fraction",
    "noise_rank1_percent_fraction",
    "effective_rank",
    "noise_effective_rank",
)


# Stored as JSON, NaN stays NaN.
@dataclass(frozen=True, config=ConfigDict(ser_json_inf_nan="constants"))
class ModuleSpectrum:
    """The norms of one module's update.

    ``norm`` is ‖ΔW‖_F; the fractions are ‖ΔW_(k)‖_F / ‖ΔW‖_F for k = 1 and for k = 1 % of
    min(m, n); ``noise_*`` are the same for a Gaussian matrix of this shape, the null: a small
    random matrix is 'concentrated' as well. A zero update has fractions of NaN.

    Of all singular values, where they were asked for and else None: ``effective_rank`` is the
    exponential of the entropy of σᵢ/Σσ (Roy and Vetterli, EUSIPCO 2007), from 1 to min(m, n);
    ``profile`` has σᵢ/σ₁ at the indices of :data:`PROFILE`.
    """

    module: str
    norm: float
    rank1_fraction: float
    rank1_percent_fraction: float
    noise_rank1_fraction: float
    noise_rank1_percent_fraction: float
    effective_rank: float | None = None
    noise_effective_rank: float | None = None
    profile: tuple[float, ...] | None = None
    noise_profile: tuple[float, ...] | None = None

    @property
    def columns(self) -> dict[str, float]:
        """What claims take means of, by name; without what was not asked for."""
        figures = {name: getattr(self, name) for name in _COLUMNS}
        return {name: figure for name, figure in figures.items() if figure is not None}

    @property
    def stable_rank(self) -> float:
        """‖ΔW‖_F²/σ₁²: the Rank-1 fraction in other words."""
        return self.rank1_fraction**-2

    @property
    def noise_stable_rank(self) -> float:
        """The stable rank of a Gaussian matrix of this shape."""
        return self.noise_rank1_fraction**-2


def percent_rank(shape: tuple[int, int], percent: float) -> int:
    """'Rank-p %': that part of min(m, n), at least 1 (§2.2)."""
    return max(1, round(min(shape) * percent / 100))


def _fraction(sigma: torch.Tensor, rank: int, norm: float) -> float:
    part = float(torch.linalg.vector_norm(sigma[:rank].double()))
    return part / norm if norm else float("nan")


def effective_rank(sigma: torch.Tensor) -> float:
    """exp(−Σ pᵢ log pᵢ) with pᵢ = σᵢ/Σσ (Roy and Vetterli 2007); NaN if all are zero.

    Args:
        sigma: (min(m, n),) all singular values: of a few of them it is not defined.
    """
    shares = sigma.double() / sigma.double().sum()
    return float(torch.special.entr(shares).sum().exp())


def profile(sigma: torch.Tensor) -> tuple[float, ...]:
    """σᵢ/σ₁ at the indices of :data:`PROFILE`, from all singular values (min(m, n),)."""
    order = len(sigma)
    indices = [percent_rank((order, order), percent) - 1 for percent in PROFILE]
    return tuple((sigma[indices].double() / sigma[0].double()).tolist())


def module_spectrum(
    module: str, found: Decomposition, sigma: torch.Tensor | None = None
) -> ModuleSpectrum:
    """The spectrum of a module.

    Args:
        module: its name.
        found: at least its leading per cent of singular triplets.
        sigma: all its singular values, where the effective rank is wanted.
    """
    factors = found.factors
    shape = (factors.left.shape[0], factors.right.shape[0])
    few = percent_rank(shape, 1)
    return ModuleSpectrum(
        module=module,
        norm=found.norm,
        rank1_fraction=_fraction(factors.sigma, 1, found.norm),
        rank1_percent_fraction=_fraction(factors.sigma, few, found.norm),
        noise_rank1_fraction=noise_fraction(shape, 1),
        noise_rank1_percent_fraction=noise_fraction(shape, few),
        **({} if sigma is None else _whole(shape, sigma)),
    )


def _whole(shape: tuple[int, int], sigma: torch.Tensor) -> dict[str, Any]:
    noise = noise_values(shape)
    return {
        "effective_rank": effective_rank(sigma),
        "noise_effective_rank": float(np.mean([effective_rank(values) for values in noise])),
        "profile": profile(sigma),
        "noise_profile": tuple(np.mean([profile(values) for values in noise], axis=0).tolist()),
    }


@cache
def noise_fraction(shape: tuple[int, int], rank: int) -> float:
    """The mean norm fraction of the first ``rank`` subspaces of a Gaussian matrix of ``shape``.

    Of several draws where they are small; the spectrum of a large one hardly varies.
    """
    with one_thread_per_matrix():
        found = [decompose(noise, rank) for noise in _noise(shape)]
    return float(np.mean([_fraction(noise.factors.sigma, rank, noise.norm) for noise in found]))


@cache
def noise_values(shape: tuple[int, int]) -> tuple[torch.Tensor, ...]:
    """All singular values of a few Gaussian matrices of ``shape``, (min(m, n),) each.

    Costs as much as a module of this shape does, once a process.
    """
    return tuple(singular_values(noise) for noise in _noise(shape))


def _noise(shape: tuple[int, int]) -> Iterator[torch.Tensor]:
    draws = max(1, min(8, _NOISE_ENTRIES // (shape[0] * shape[1])))
    generator = torch.Generator().manual_seed(0)
    return (torch.randn(shape, generator=generator) for _ in range(draws))
