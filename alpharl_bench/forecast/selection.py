"""The forecasts of one run, and how their targets are selected on the validation split."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from alpharl_bench.cache import content_key, write_whole
from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Target
from alpharl_bench.forecast.identity import method_digest
from alpharl_bench.forecast.method import ORACLE
from alpharl_bench.forecast.prefix import Prefix, observe
from alpharl_bench.forecast.registry import method_named
from alpharl_bench.variants import FULL, Variant, full_at
from alpharl_bench.variants.materialise import Change

#: From variants to their accuracies on questions that are not reported, in the same order.
Validation = Callable[[Sequence[Variant]], list[float]]


@dataclass(frozen=True)
class TargetSelection:
    """The target of a forecast, selected by the validation accuracies of its candidates.

    Args:
        variant: the label of the forecast.
        method: its method.
        percent: the observed part of the training.
        steps: the steps of the observed checkpoints, (T,).
        observed: their accuracies on the validation split, (T,); empty where the method needs none.
        targets: the candidates, the most cautious first, (C,); none where nothing can be fitted and
            the last observed checkpoint is all that is predicted.
        accuracies: accuracies on the validation split, (C,); empty for a single candidate.
    """

    variant: str
    method: str
    percent: int
    steps: tuple[int, ...]
    observed: tuple[float, ...]
    targets: tuple[Target, ...]
    accuracies: tuple[float, ...]

    @property
    def target(self) -> Target | None:
        """The candidate with the best accuracy, the most cautious of several; None: no-op."""
        if not self.targets:
            return None
        # argmax takes the first of several.
        return self.targets[int(np.argmax(self.accuracies)) if self.accuracies else 0]


_KEPT = TypeAdapter(TargetSelection)


class Forecasts:
    """Makes of the name of a forecast the predicted model, or the update that makes it.

    A method sees the observed checkpoints and, where it needs them, their accuracies on the
    validation split; by the same split its target is chosen. Only the oracle knows of the end.

    Args:
        run: the whole run.
        validation: scores variants on the validation split.
        folder: the folder of the selected targets.
        device: the torch device that decomposes updates.
    """

    def __init__(self, run: Run, validation: Validation, folder: Path, device: str) -> None:
        self._run = run
        self._validation = validation
        self._folder = folder
        self._device = device
        self._prefixes: dict[tuple[int, bool], Prefix] = {}
        # One at a time: a fit holds as much as the updates that it was made from.
        self._last: tuple[tuple[str, int], Fitted] | None = None

    def selection(self, variant: Variant) -> TargetSelection:
        """The target of a forecast; selected if it was not before, which scores its candidates.

        Raises:
            AlphaRLBenchError: there is no such method, it cannot be fitted to so little, or there
                are no questions to choose by.
        """
        key = content_key(variant=variant.label, method=method_digest(variant.method))
        path = self._folder / f"selection-{key}.json"
        if not path.is_file():
            write_whole(path, _KEPT.dump_json(self._select(variant)).decode())
        return _KEPT.validate_json(path.read_bytes())

    def change(self, variant: Variant) -> Change:
        """The predicted model or update, of the chosen target or of one candidate.

        Raises:
            AlphaRLBenchError: as :meth:`selection`.
        """
        forecaster, prefix = _forecaster(variant), self._prefix(variant)
        if variant.candidate is None:
            target = self.selection(variant).target
        else:
            target = self._targets(variant, prefix)[variant.candidate]
        return forecaster.no_op(prefix) if target is None else self._fit(variant).predict(target)

    def _select(self, variant: Variant) -> TargetSelection:
        prefix = self._prefix(variant)
        targets: tuple[Target, ...] = ()
        accuracies: list[float] = []
        # Alike accuracies say nothing of where to go.
        if prefix.accuracies is None or len(set(prefix.accuracies)) > 1:
            self._fit(variant)
            targets = self._targets(variant, prefix)
        if candidates := _candidates(variant, len(targets)):
            accuracies = self._validation(candidates)
        return TargetSelection(
            variant=variant.label,
            method=variant.method,
            percent=variant.number,
            steps=prefix.steps,
            observed=prefix.accuracies or (),
            targets=targets,
            accuracies=tuple(accuracies),
        )

    def _targets(self, variant: Variant, prefix: Prefix) -> tuple[Target, ...]:
        if variant.method == ORACLE:
            return (Target(accuracy=self._validation([FULL])[0]),)
        return _forecaster(variant).targets(prefix)

    def _prefix(self, variant: Variant) -> Prefix:
        """What the method sees; too little of it is an error before anything is scored."""
        forecaster = _forecaster(variant)
        scored = forecaster.needs == "accuracy"
        key = (variant.number, scored)
        if key not in self._prefixes:
            prefix = observe(self._run, variant.number / 100, device=self._device)
            if len(prefix.steps) < forecaster.least:
                raise AlphaRLBenchError(
                    f"'{variant.label}': run '{self._run.name}' has only {len(prefix.steps)} "
                    f"checkpoints there, {variant.method} needs at least {forecaster.least}; judge "
                    "a run with more of them"
                )
            if scored:
                known = self._validation([full_at(step) for step in prefix.steps])
                prefix = prefix.scored(dict(zip(prefix.steps, known, strict=True)))
            self._prefixes[key] = prefix
        return self._prefixes[key]

    def _fit(self, variant: Variant) -> Fitted:
        key = (variant.method, variant.number)
        if self._last is None or self._last[0] != key:
            self._last = None
            self._last = (key, _forecaster(variant).fit(self._prefix(variant)))
        return self._last[1]


def validated(variant: Variant, steps: Sequence[int]) -> list[Variant]:
    """The variants that a forecast takes from the validation split at most: all are scored there.

    Args:
        variant: the forecast.
        steps: the steps of the run's checkpoints.
    """
    if variant.candidate is not None:
        return []
    forecaster = _forecaster(variant)
    observed = observed_steps(steps, variant.number)
    if not observed:
        return []
    # Targets follow from steps and accuracies alone: no checkpoint of it is opened.
    seen = Run("", Path(), tuple(Checkpoint(step, Path()) for step in observed))
    accuracies = tuple(0.0 for _ in observed) if forecaster.needs == "accuracy" else None
    targets = forecaster.targets(Prefix(seen, steps[-1], accuracies))
    candidates = [FULL] if variant.method == ORACLE else _candidates(variant, len(targets))
    return [*(full_at(step) for step in observed if accuracies), *candidates]


def observed_steps(steps: Sequence[int], percent: int) -> list[int]:
    """Those of the first ``percent`` % of a training that ends at the last of ``steps``."""
    return [step for step in steps if 100 * step <= percent * steps[-1]]


def _candidates(variant: Variant, targets: int) -> list[Variant]:
    """The variants of all targets to choose from; one target is no choice."""
    return [replace(variant, candidate=n) for n in range(targets)] if targets > 1 else []


def side_by_side(variant: Variant) -> bool:
    """Whether a forecast is made of the weights of several checkpoints, tensor by tensor."""
    return variant.kind == "forecast" and _forecaster(variant).side_by_side


def _forecaster(variant: Variant) -> Forecaster:
    return method_named(variant.method).forecaster
