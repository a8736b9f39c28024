"""What the scores of a run say, with intervals: accuracies, whether it learned, ratios to it."""

import math
from dataclasses import dataclass

import numpy as np

from alpharl_bench.claims.claim import Point
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.scoring import CONFIDENCE, degrees_of_freedom, percentile_interval
from alpharl_bench.variants import BASE, FULL, Variant


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval, −∞ … ∞ where the units are too few for one."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        """As in a table: ``0.876 [0.840, 0.915]``."""
        if math.isinf(self.low):
            return f"{self.estimate:.3f} [no interval]"
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @classmethod
    def of(
        cls, observed: np.ndarray, resampled: np.ndarray, df: float, confidence: float = CONFIDENCE
    ) -> "Interval":
        """The interval of a statistic from its (1,) estimate and its (B,) bootstrap resamples."""
        low, high = percentile_interval(resampled, df, confidence)
        return cls(float(observed[0]), float(low), float(high))


@dataclass(frozen=True)
class Learning:
    """Whether a run learned: what the fully trained model answers more than its base.

    ``confidence`` is that of ``gain``; the accuracies are at 95 %.
    """

    base: Interval
    full: Interval
    gain: Interval
    confidence: float

    @property
    def failed(self) -> bool:
        """Whether the paired interval of the gain reaches 0; of too few questions there is none."""
        return self.known and self.gain.low <= 0

    @property
    def known(self) -> bool:
        """Whether there are questions enough to tell."""
        return math.isfinite(self.gain.low)

    def __str__(self) -> str:
        """The two accuracies and their difference."""
        return (
            f"base accuracy {self.base}, fully trained {self.full}, a difference of {self.gain} at "
            f"{level(self.confidence)}"
        )


def learning(evidence: Evidence, interim_analyses: int = 1) -> Learning:
    """Whether a run learned, by the scores of its base and of the fully trained model.

    Args:
        evidence: the evidence of the run.
        interim_analyses: how often it may be asked, samples being added; see
            :func:`~alpharl_bench.claims.verdict.judge`.
    """
    confidence = 1 - (1 - CONFIDENCE) / interim_analyses
    gain, gains = (a(FULL) - a(BASE) for a in (evidence.observed_accuracy, evidence.accuracies))
    df = degrees_of_freedom(evidence.tasks)
    return Learning(
        base=accuracy(evidence, BASE),
        full=accuracy(evidence, FULL),
        gain=Interval.of(gain, gains, df, confidence),
        confidence=confidence,
    )


def accuracy(evidence: Evidence, variant: Variant) -> Interval:
    """The accuracy of a variant, the mean over tasks, with its 95 % interval."""
    df = degrees_of_freedom(evidence.tasks)
    return Interval.of(evidence.observed_accuracy(variant), evidence.accuracies(variant), df)


def relative_accuracy(evidence: Evidence, point: Point) -> Interval | None:
    """acc(variant) / acc(reference); None if the reference answers nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, ratios = (
            a(point.variant) / a(point.reference)
            for a in (evidence.observed_accuracy, evidence.accuracies)
        )
    if not np.isfinite(ratios).all():
        return None
    return Interval.of(ratio, ratios, degrees_of_freedom(evidence.tasks))


def recovered_gain(evidence: Evidence, point: Point) -> Interval | None:
    """(acc(variant) − acc(base)) / (acc(reference) − acc(base)).

    None where the reference is not clearly better than the base: there is no gain to recover.

    Relative accuracy flatters: a base at 0.8 of the full accuracy scores 80 % for doing nothing.
    """
    return _part_of_gain(evidence, point.variant, BASE, point.reference)


def remaining_gain_closed(evidence: Evidence, forecast: Variant, last: Variant) -> Interval | None:
    """(acc(forecast) − acc(last)) / (acc(full) − acc(last)), ``last`` the last observed checkpoint.

    None where the fully trained model is not clearly better than that. Below 0 the forecast is
    worse than what it started from.
    """
    return _part_of_gain(evidence, forecast, last, FULL)


def difference(evidence: Evidence, variant: Variant, other: Variant) -> Interval:
    """The accuracy of a variant minus that of another, paired."""
    estimate, values = (
        a(variant) - a(other) for a in (evidence.observed_accuracy, evidence.accuracies)
    )
    return Interval.of(estimate, values, degrees_of_freedom(evidence.tasks))


def _part_of_gain(
    evidence: Evidence, variant: Variant, start: Variant, end: Variant
) -> Interval | None:
    df = degrees_of_freedom(evidence.tasks)
    gains = evidence.accuracies(end) - evidence.accuracies(start)
    if percentile_interval(gains, df)[0] <= 0:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, ratios = (
            (a(variant) - a(start)) / (a(end) - a(start))
            for a in (evidence.observed_accuracy, evidence.accuracies)
        )
    return Interval.of(ratio, ratios, df) if np.isfinite(ratios).all() else None


def level(confidence: float) -> str:
    """A confidence as in a table: ``98.75 %``."""
    return f"{100 * confidence:.5g} %"
