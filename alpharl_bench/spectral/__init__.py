"""Update matrices and what their singular vectors say (§2.1)."""

from alpharl_bench.spectral.coverage import Coverage, coverage
from alpharl_bench.spectral.factors import UpdateFactors, prepare
from alpharl_bench.spectral.lowrank import LowRank, random_rank1, rescale_to_norm
from alpharl_bench.spectral.spectrum import (
    PROFILE,
    ModuleSpectrum,
    effective_rank,
    module_spectrum,
    noise_fraction,
    percent_rank,
    profile,
)
from alpharl_bench.spectral.svd import TOLERANCE, Decomposition, decompose, singular_values
from alpharl_bench.spectral.threads import one_thread_per_matrix, spread

__all__ = [
    "PROFILE",
    "TOLERANCE",
    "Coverage",
    "Decomposition",
    "LowRank",
    "ModuleSpectrum",
    "UpdateFactors",
    "coverage",
    "decompose",
    "effective_rank",
    "module_spectrum",
    "noise_fraction",
    "one_thread_per_matrix",
    "percent_rank",
    "prepare",
    "profile",
    "random_rank1",
    "rescale_to_norm",
    "singular_values",
    "spread",
]
