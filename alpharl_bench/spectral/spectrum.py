"""How concentrated an update is: norms and the part of them in a few subspaces (Figure 5a)."""

from functools import cache

import numpy as np
import torch
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from alpharl_bench.spectral.svd import Decomposition, decompose
from alpharl_bench.spectral.threads import one_thread_per_matrix

# So many random numbers are drawn for the null of one shape.
_NOISE_ENTRIES = 1 << 20


# Stored as JSON, NaN stays NaN.
@dataclass(frozen=True, config=ConfigDict(ser_json_inf_nan="constants"))
class ModuleSpectrum:
    """The norms of one module's update.

    ``norm`` is ‖ΔW‖_F; the fractions are ‖ΔW_(k)‖_F / ‖ΔW‖_F for k = 1 and for k = 1 % of
    min(m, n); ``noise_*`` are the same for a Gaussian matrix of this shape, the null: a small
    random matrix is 'concentrated' as well. A zero update has fractions of NaN.
    """

    module: str
    norm: float
    rank1_fraction: float
    rank1_percent_fraction: float
    noise_rank1_fraction: float
    noise_rank1_percent_fraction: float


def percent_rank(shape: tuple[int, int], percent: float) -> int:
    """'Rank-p %': that part of min(m, n), at least 1 (§2.2)."""
    return max(1, round(min(shape) * percent / 100))


def _fraction(sigma: torch.Tensor, rank: int, norm: float) -> float:
    part = float(torch.linalg.vector_norm(sigma[:rank].double()))
    return part / norm if norm else float("nan")


def module_spectrum(module: str, found: Decomposition) -> ModuleSpectrum:
    """The spectrum of a module from at least its first per cent of singular triplets."""
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
    )


@cache
def noise_fraction(shape: tuple[int, int], rank: int) -> float:
    """The mean norm fraction of the first ``rank`` subspaces of a Gaussian matrix of ``shape``.

    Of several draws where they are small; the spectrum of a large one hardly varies.
    """
    draws = max(1, min(8, _NOISE_ENTRIES // (shape[0] * shape[1])))
    generator = torch.Generator().manual_seed(0)
    with one_thread_per_matrix():
        found = [decompose(torch.randn(shape, generator=generator), rank) for _ in range(draws)]
    return float(np.mean([_fraction(noise.factors.sigma, rank, noise.norm) for noise in found]))
