"""From a variant's name to its update, module by module."""

from collections.abc import Iterator
from functools import lru_cache

import torch

from alpharl_bench.cache import content_key
from alpharl_bench.checkpoints import Run, WeightFiles
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.spectral import (
    LowRank,
    ModuleSpectrum,
    leading_triplets,
    module_spectrum,
    random_rank1,
    rescale_to_norm,
    update_matrices,
)
from alpharl_bench.spectral.spectrum import percent_rank
from alpharl_bench.variants.spec import Variant


class UpdateSource:
    """The updates of one run's variants, each module norm-matched to its ΔW (equation 3).

    All triplets of the final update are decomposed once and kept; of a checkpoint that is named by
    its step only as many as the variant asks for are computed.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._base = WeightFiles(run.base)
        self._decomposed = lru_cache(maxsize=2)(self._decompose)

    def low_rank(self, variant: Variant) -> Iterator[tuple[str, LowRank]]:
        """(module, update) of a low-rank variant, one module at a time.

        Args:
            variant: of any kind but ``base`` and ``full``, whose weights are on disk already.
        """
        rank = None if variant.step is None else variant.number
        for name, triplets, norm in self._decomposed(variant.step, rank):
            yield (
                name,
                rescale_to_norm(self._select(variant, name, triplets, norm), norm).scaled(
                    variant.alpha
                ),
            )

    def spectrum(self) -> list[ModuleSpectrum]:
        """The spectrum of every module of the final update (Figure 5a)."""
        return [module_spectrum(name, full) for name, full, _ in self._decomposed(None, None)]

    def _select(self, variant: Variant, name: str, triplets: LowRank, norm: float) -> LowRank:
        shape = (triplets.left.shape[0], triplets.right.shape[0])
        match variant.kind:
            case "rank":
                return triplets.leading(variant.number)
            case "percent":
                return triplets.leading(percent_rank(shape, variant.number))
            case "subspace":
                if variant.number > min(shape):
                    raise AlphaRLBenchError(
                        f"'{variant.label}': {name} of shape {shape} has {min(shape)} subspaces"
                    )
                return triplets.only(variant.number)
            case "random":
                seed = int(content_key(module=name, draw=variant.number), 16) % 2**63
                return random_rank1(shape, norm, torch.Generator().manual_seed(seed))
            case _:
                raise ValueError(f"'{variant.label}' is not a low-rank variant")

    def _decompose(self, step: int | None, rank: int | None) -> list[tuple[str, LowRank, float]]:
        trained = WeightFiles(self.run.at(step).path)
        return [
            (
                name,
                leading_triplets(delta, rank or min(delta.shape)),
                float(torch.linalg.matrix_norm(delta.double())),
            )
            for name, delta in update_matrices(self._base, trained)
        ]
