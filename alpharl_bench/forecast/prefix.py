"""What a forecast may see of a run: the base, the checkpoints up to a step, their accuracies."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from alpharl_bench.checkpoints import Run, Weights, compare
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.products import Grams
from alpharl_bench.spectral import UpdateFactors, prepare
from alpharl_bench.variants.materialise import UpdateSource


@dataclass(frozen=True)
class Prefix:
    """The observed part of a run; it holds no path to what came later.

    Args:
        run: the run with only the observed checkpoints.
        total_steps: the length of the whole training in steps.
        accuracies: the accuracy of every observed checkpoint, (T,), or None if they are unknown.
        device: the torch device that decomposes updates.
    """

    run: Run
    total_steps: int
    accuracies: tuple[float, ...] | None = None
    device: str = "cpu"

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of the observed checkpoints, ascending, (T,)."""
        return self.run.steps

    @property
    def fraction(self) -> float:
        """The observed part of the training."""
        return self.steps[-1] / self.total_steps

    @cached_property
    def source(self) -> UpdateSource:
        """The updates of the observed checkpoints."""
        return UpdateSource(self.run, self.device)

    @property
    def base(self) -> Weights:
        """The weights that training started from."""
        return self.source.base

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The weights of every observed checkpoint."""
        return tuple(self.source.factors(step).trained for step in self.steps)

    @property
    def last(self) -> UpdateFactors:
        """The update of the last observed checkpoint."""
        return self.source.factors(None)

    def prepare(self) -> None:
        """Decompose the updates of all observed checkpoints, module by module."""
        prepare([self.source.factors(step) for step in self.steps], lambda _: 1)

    @cached_property
    def grams(self) -> Grams:
        """⟨W_s − W_0, W_t − W_0⟩ of the observed checkpoints, tensor by tensor."""
        return Grams(self.base)

    def scored(self, accuracies: Mapping[int, float]) -> "Prefix":
        """The same with the accuracies of its checkpoints.

        Args:
            accuracies: accuracies by step, at least of observed checkpoints; others are dropped.

        Raises:
            AlphaRLBenchError: one is missing or not a number.
        """
        missing = [str(step) for step in self.steps if step not in accuracies]
        if missing:
            raise AlphaRLBenchError(
                f"no accuracy for the checkpoints at step {', '.join(missing)}; add them, or "
                "forecast by a method that needs none"
            )
        seen = tuple(float(accuracies[step]) for step in self.steps)
        for step, accuracy in zip(self.steps, seen, strict=True):
            if not math.isfinite(accuracy):
                raise AlphaRLBenchError(f"accuracy {accuracy} at step {step} is not a number")
        return replace(self, accuracies=seen)

    def without(self, step: int) -> "Prefix":
        """The same with one checkpoint left out.

        Raises:
            AlphaRLBenchError: there is no such checkpoint, or it is the only one.
        """
        self.run.at(step)
        if len(self.steps) == 1:
            raise AlphaRLBenchError(f"step {step} is the only observed checkpoint")
        kept = [i for i, other in enumerate(self.steps) if other != step]
        fewer = replace(
            self,
            run=replace(self.run, checkpoints=tuple(self.run.checkpoints[i] for i in kept)),
            accuracies=self.accuracies and tuple(self.accuracies[i] for i in kept),
        )
        # What is read, decomposed and multiplied once serves both.
        vars(fewer)["source"] = self.source.among(fewer.run)
        vars(fewer)["grams"] = self.grams
        return fewer


def observe(
    run: Run,
    fraction: float,
    accuracies: Mapping[int, float] | None = None,
    *,
    total_steps: int | None = None,
    device: str = "cpu",
) -> Prefix:
    """The first part of a run; nothing of what comes after it is opened, here or later.

    Args:
        run: the run, or as much of it as there is.
        fraction: the observed fraction of the training, above 0 and at most 1.
        accuracies: accuracies by step, at least of observed checkpoints; later ones are dropped.
        total_steps: the length of the whole training; by default the step of the last checkpoint.
        device: the torch device that decomposes updates.

    Raises:
        AlphaRLBenchError: the fraction holds no checkpoint, a checkpoint does not fit the base, an
            accuracy is missing or not a number.
    """
    total = run.steps[-1] if total_steps is None else total_steps
    if not 0 < fraction <= 1:
        raise AlphaRLBenchError(f"--observed {fraction:g}: a fraction of the run, as 0.4")
    if total < 1:
        raise AlphaRLBenchError(f"--total-steps {total}: at least 1")
    # 0.3 of 10 steps are 3, though 0.3 * 10 < 3 for a computer.
    limit = math.floor(fraction * total * (1 + np.finfo(float).eps))
    seen = tuple(checkpoint for checkpoint in run.checkpoints if checkpoint.step <= limit)
    if not seen:
        raise AlphaRLBenchError(
            f"--observed {fraction:g}: run '{run.name}' has no checkpoint up to step {limit} of "
            f"{total}; its first is at step {run.steps[0]}"
        )
    prefix = Prefix(replace(run, checkpoints=seen), total, None, device)
    for weights in prefix.weights:
        compare(prefix.base, weights).require()
    return prefix if accuracies is None else prefix.scored(accuracies)
