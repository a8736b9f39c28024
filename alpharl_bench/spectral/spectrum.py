"""How concentrated an update is: norms and the part of them in a few subspaces (Figure 5a)."""

from functools import cache

import numpy as np
import scipy.linalg
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from alpharl_bench.spectral.lowrank import LowRank


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


def _fraction(sigma: np.ndarray, rank: int) -> float:
    total = float(np.linalg.norm(sigma))
    return float(np.linalg.norm(sigma[:rank])) / total if total else float("nan")


def module_spectrum(module: str, full: LowRank) -> ModuleSpectrum:
    """The spectrum of a module from all its singular triplets."""
    shape = (full.left.shape[0], full.right.shape[0])
    sigma, few = full.sigma.double().numpy(), percent_rank(shape, 1)
    return ModuleSpectrum(
        module=module,
        norm=full.norm,
        rank1_fraction=_fraction(sigma, 1),
        rank1_percent_fraction=_fraction(sigma, few),
        noise_rank1_fraction=noise_fraction(shape, 1),
        noise_rank1_percent_fraction=noise_fraction(shape, few),
    )


@cache
def noise_fraction(shape: tuple[int, int], rank: int, draws: int = 8) -> float:
    """The mean norm fraction of the first ``rank`` subspaces of a Gaussian matrix of ``shape``."""
    rng = np.random.default_rng(0)
    spectra = (scipy.linalg.svdvals(rng.standard_normal(shape)) for _ in range(draws))
    return float(np.mean([_fraction(sigma, rank) for sigma in spectra]))
