"""The one interface of all methods that predict a model from the first part of its training."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.variants.materialise import Change

#: Of the way from where observation ends to the goal, from which a target is chosen: those of all
#: methods are at the same parts of their ways. They go on beyond the goal, doubling, so that the
#: best target is not the last one there is: norms are not matched, and the goal of a method that
#: damps its update lies beyond that of the training.
SHARES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Target:
    """What the predicted model is to be: that of a step, or one of an accuracy, or both.

    Args:
        step: the step of the training.
        accuracy: the target accuracy, in the same measure as those of the prefix.
        alpha: the relative extension of the observed update, where a method is asked for
            this in place of a goal.
    """

    step: float | None = None
    accuracy: float | None = None
    alpha: float | None = None

    def __str__(self) -> str:
        """As in a table: ``accuracy 0.812``; ``–`` where there is none."""
        named = {"step": self.step, "accuracy": self.accuracy, "α": self.alpha}
        told = [f"{name} {value:.4g}" for name, value in named.items() if value is not None]
        return ", ".join(told) or "–"


@dataclass(frozen=True)
class Quality:
    """How well a fit describes the checkpoints that it was made from, beside its null.

    Args:
        r_squared: the in-sample R², the mean over modules.
        permuted: (B,) the same after the accuracies were shuffled.
    """

    r_squared: float
    permuted: np.ndarray

    @property
    def chance(self) -> float:
        """The part of the shuffles that fit as well: a p value, never 0."""
        as_well = int((self.permuted >= self.r_squared - 1e-12).sum())
        return (1 + as_well) / (1 + len(self.permuted))


class Fitted(ABC):
    """A method after it has seen a prefix."""

    @abstractmethod
    def predict(self, target: Target) -> Change:
        """The model that the method predicts, as an update of the base or as whole weights.

        Raises:
            AlphaRLBenchError: the target does not say what the method needs to know.
        """

    def quality(self) -> Quality | None:
        """How well the fit describes the prefix; None where nothing is fitted to accuracies."""
        return None


class Forecaster(ABC):
    """A method with its settings, declared by :func:`~alpharl_bench.forecast.forecast_method`.

    ``least`` says how many checkpoints it needs at least, ``needs`` what a target must say; who
    needs the accuracy of the target needs those of the prefix as well. ``side_by_side`` is set
    where weights of several checkpoints are read tensor by tensor.
    """

    least: ClassVar[int] = 1
    needs: ClassVar[Literal["step", "accuracy"] | None] = None
    side_by_side: ClassVar[bool] = False

    def fit(self, prefix: Prefix) -> Fitted:
        """Learn from a prefix.

        Raises:
            AlphaRLBenchError: it holds too few checkpoints, or not the accuracies that are needed,
                or one of its weights cannot be read.
        """
        if len(prefix.steps) < self.least:
            raise AlphaRLBenchError(
                f"{len(prefix.steps)} observed checkpoints: this method needs at least "
                f"{self.least}; observe more of the run"
            )
        if self.needs == "accuracy":
            if prefix.accuracies is None:
                raise AlphaRLBenchError(
                    "this method needs the accuracy of every observed checkpoint: give them in a "
                    "file (--accuracies), or choose a method that needs none"
                )
            if len(set(prefix.accuracies)) == 1:
                raise AlphaRLBenchError(
                    f"the accuracies of the observed checkpoints are all {prefix.accuracies[0]:g}: "
                    "nothing can be fitted to them; observe more of the run"
                )
        return self._fit(prefix)

    def targets(self, prefix: Prefix) -> tuple[Target, ...]:
        """What a target may be chosen from, the most cautious first; one if there is no choice.

        The goals are an accuracy of 1 and the last step of the training as it was planned.

        Args:
            prefix: the observed checkpoints, with accuracies if the method needs them.
        """
        match self.needs:
            case "accuracy":
                known = (prefix.accuracies or (0.0,))[-1]
                return tuple(Target(accuracy=known + g * (1 - known)) for g in SHARES)
            case "step":
                last = prefix.steps[-1]
                return tuple(Target(step=last + g * (prefix.total_steps - last)) for g in SHARES)
        return (Target(),)

    def no_op(self, prefix: Prefix) -> Change:
        """The last observed checkpoint in the form of the method's predictions.

        A forecast that cannot be told from it forecasts nothing.
        """
        return prefix.weights[-1]

    @abstractmethod
    def _fit(self, prefix: Prefix) -> Fitted:
        """As :meth:`fit`, of a prefix that has what is needed."""


def require_update(prefix: Prefix) -> None:
    """Decompose the last observed checkpoint, where a method is about its matrices.

    Raises:
        AlphaRLBenchError: all of them are those of the base.
    """
    if not any(found.norm for _, found in prefix.last.all(lambda _: 1)):
        raise AlphaRLBenchError(
            f"{prefix.last.trained.folder}: every weight matrix equals that of the base "
            f"{prefix.base.folder}: there is no update to predict from; observe more of the run"
        )


def step_of(target: Target) -> float:
    """The target's step.

    Raises:
        AlphaRLBenchError: it has none, or it is not a number.
    """
    if target.step is None or not np.isfinite(target.step):
        raise AlphaRLBenchError(
            f"this method predicts the model of a step, not of {target.step}: give one as the "
            "target (--total-steps)"
        )
    return target.step


def accuracy_of(target: Target) -> float:
    """The target's accuracy.

    Raises:
        AlphaRLBenchError: it has none, or it is not a number.
    """
    if target.accuracy is None or not np.isfinite(target.accuracy):
        raise AlphaRLBenchError(
            f"this method predicts the model of an accuracy, not of {target.accuracy}: give one as "
            "the target (--target)"
        )
    return target.accuracy
