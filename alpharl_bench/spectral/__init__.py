"""Update matrices and what their singular vectors say (§2.1)."""

from alpharl_bench.spectral.lowrank import LowRank, random_rank1, rescale_to_norm
from alpharl_bench.spectral.spectrum import ModuleSpectrum, module_spectrum, noise_fraction
from alpharl_bench.spectral.svd import leading_triplets
from alpharl_bench.spectral.update import update_matrices, update_matrix, update_modules

__all__ = [
    "LowRank",
    "ModuleSpectrum",
    "leading_triplets",
    "module_spectrum",
    "noise_fraction",
    "random_rank1",
    "rescale_to_norm",
    "update_matrices",
    "update_matrix",
    "update_modules",
]
