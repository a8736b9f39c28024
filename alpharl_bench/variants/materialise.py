"""From a variant's name to its update, module by module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from types import MappingProxyType

from alpharl_bench.cache import content_key
from alpharl_bench.checkpoints import Run, Weights, open_weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.invocation import session_command
from alpharl_bench.lazy import torch
from alpharl_bench.spectral import (
    Decomposition,
    LowRank,
    ModuleSpectrum,
    UpdateFactors,
    module_spectrum,
    percent_rank,
    random_rank1,
    rescale_to_norm,
)
from alpharl_bench.variants.extrapolated_logits import ExtrapolatedLogits
from alpharl_bench.variants.spec import Variant

#: What is added to the weights of a model: the low-rank update of every module, by its name.
Update = Mapping[str, LowRank]
#: What the base is changed by or into: an update is added to it, weights take its place, and
#: extrapolated logits take two models.
Change = Update | Weights | ExtrapolatedLogits
_NO_UPDATE: Update = MappingProxyType({})


def _no_forecast(variant: Variant) -> Change:
    raise AlphaRLBenchError(
        f"'{variant.label}': nothing forecasts here; `alpharl-bench forecast` writes the predicted "
        f"model, and `{session_command('alpharl')}` scores it"
    )


class UpdateSource:
    """The updates of one run's variants, each module norm-matched to its ΔW (equation 3).

    Args:
        run: the run.
        device: the torch device that decomposes updates.
        embeddings: whether token embeddings and output head are updated too (the paper keeps them
            at their base values).
        forecast: maps a forecast's name to the predicted model or update.
    """

    def __init__(
        self,
        run: Run,
        device: str = "cpu",
        *,
        embeddings: bool = False,
        forecast: Callable[[Variant], Change] = _no_forecast,
    ) -> None:
        self.run = run
        self._forecast = forecast
        self.base: Weights = open_weights(run.base)
        self._device = device
        self._embeddings = embeddings
        self._opened: dict[int, UpdateFactors] = {}

    def among(self, run: Run) -> UpdateSource:
        """The updates of some of the run's checkpoints, which are not opened a second time."""
        fewer = copy(self)
        fewer.run = run
        return fewer

    def factors(self, step: int | None) -> UpdateFactors:
        """The decomposed update of the checkpoint of a step; None means the final one."""
        checkpoint = self.run.at(step)
        if checkpoint.step not in self._opened:
            self._opened[checkpoint.step] = UpdateFactors(
                self.base,
                checkpoint.weights(self.base),
                self._device,
                embeddings=self._embeddings,
            )
        return self._opened[checkpoint.step]

    def update(self, variant: Variant) -> Update:
        """The update of a low-rank variant; every module is made when it is asked for.

        Args:
            variant: a variant of any kind but ``base``, ``decoded`` and ``full``, whose weights are
                on disk already, and ``forecast``, which need not be of low rank. A variant with
                ``modules`` leaves all other modules at the base's values.

        Raises:
            AlphaRLBenchError: the run has no such checkpoint, it does not fit the base, a module
                has fewer subspaces than the variant asks for, or a window's modules are not known.
        """
        if not variant.low_rank:
            raise ValueError(f"'{variant.label}' is not a low-rank variant")
        factors = self.factors(variant.step)
        factors.prepare(lambda shape: rank_of(variant, shape))
        if variant.kind == "window" and not variant.modules:
            raise AlphaRLBenchError(
                f"'{variant.label}': its modules are not known here; "
                f"`{session_command('property2')}` ranks them"
            )
        names = variant.modules or factors.modules
        return LazyUpdate(names, lambda name: self._module(variant, name))

    def change(self, variant: Variant) -> Change:
        """What makes a variant of the base: a whole model, or an update to add.

        Raises:
            AlphaRLBenchError: as :meth:`update`, or nothing forecasts for this source.
        """
        match variant.kind:
            case "base" | "decoded":
                return self.base
            case "full":
                return self.factors(variant.step).whole()
            case "forecast":
                return self._forecast(variant)
            case "modules":
                return self._parted(variant.step, modules=1.0)
            case _ if variant.rest:
                update = self.update(replace(variant, rest=False))
                return self._parted(variant.step, modules=0.0, update=update)
            case _:
                return self.update(variant)

    def _parted(self, step: int | None, *, modules: float, update: Update = _NO_UPDATE) -> Weights:
        """A model whose modules, or all tensors but these, are a checkpoint's."""
        # It combines changes, and so stands behind this.
        from alpharl_bench.variants.combined import CombinedWeights  # noqa: PLC0415

        factors = self.factors(step)
        names = frozenset(factors.modules)

        def of(name: str) -> tuple[float]:
            return (modules if name in names else 1.0 - modules,)

        return CombinedWeights(self.base, [factors.whole()], of, update)

    def spectrum(self, *, whole: bool = False) -> list[ModuleSpectrum]:
        """The spectrum of every module of the final update (Figure 5a).

        Args:
            whole: adds measures that require all singular values, at much higher cost.
        """
        factors = self.factors(None)
        values = dict(factors.singular_values()) if whole else {}
        found = factors.all(lambda shape: percent_rank(shape, 1))
        return [module_spectrum(name, triplets, values.get(name)) for name, triplets in found]

    def decomposition(self, variant: Variant, name: str) -> Decomposition:
        """What a variant's update of one module is made from."""
        factors = self.factors(variant.step)
        return factors.module(name, rank_of(variant, factors.shape(name)))

    def captured(self, variant: Variant, name: str) -> float:
        """The part of a module's ‖ΔW‖_F in the variant's subspaces, before they are scaled.

        0 for an update of zero.
        """
        found = self.decomposition(variant, name)
        return _select(variant, name, found).norm / found.norm if found.norm else 0.0

    def _module(self, variant: Variant, name: str) -> LowRank:
        found = self.decomposition(variant, name)
        chosen = _select(variant, name, found)
        if not variant.matched:
            return chosen.scaled(variant.alpha)
        return rescale_to_norm(chosen, found.norm).scaled(variant.alpha)


class LazyUpdate(Mapping[str, LowRank]):
    """An update that makes each module's when it is asked for and keeps none.

    Args:
        names: the names of the modules.
        make: maps the name of a module to its update.
    """

    def __init__(self, names: Iterable[str], make: Callable[[str], LowRank]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make

    def __getitem__(self, name: str) -> LowRank:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def rank_of(variant: Variant, shape: tuple[int, int]) -> int:
    """How many leading triplets of a module a variant is made from."""
    match variant.kind:
        case "percent":
            return percent_rank(shape, variant.number)
        case "random":
            return 1  # Only the norm of the update is needed.
        case "window":
            return 1
        case _:
            return variant.number


def _select(variant: Variant, name: str, found: Decomposition) -> LowRank:
    shape = (found.factors.left.shape[0], found.factors.right.shape[0])
    match variant.kind:
        case "subspace":
            if variant.number > min(shape):
                raise AlphaRLBenchError(
                    f"'{variant.label}': {name} of shape {shape} has {min(shape)} subspaces"
                )
            return found.factors.only(variant.number)
        case "random":
            seed = int(content_key(module=name, draw=variant.number), 16) % 2**63
            generator = torch.Generator().manual_seed(seed)
            return random_rank1(shape, found.norm, generator)
        case _:
            return found.factors.leading(rank_of(variant, shape))
