"""What the scores of a run say, with intervals: accuracies, whether it learned, ratios to it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from alpharl_bench.claims.claim import Claim, Point
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.scoring import CONFIDENCE, degrees_of_freedom, percentile_interval
from alpharl_bench.scoring.sequential import Analysis
from alpharl_bench.tables import Means
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


class Fact(Interval):
    """A number that is what it is: computed from all units that a run has, it has no interval."""

    def __init__(self, estimate: float) -> None:
        super().__init__(estimate, -math.inf, math.inf)

    def __str__(self) -> str:
        """The number alone."""
        return f"{self.estimate:.3f}"


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


def measured(
    claim: Claim, evidence: Evidence, statistic: Callable[[Means], np.ndarray]
) -> Interval | None:
    """A figure of the table that a claim reads, at 95 %; None where it divides by zero.

    It has no interval where the units are no sample.

    Args:
        claim: the claim whose table it is of.
        evidence: the evidence of one run.
        statistic: from the table's means to one number for each resample.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = statistic(evidence.observed(claim))
        resampled = statistic(evidence.resampled(claim)) if claim.of_a_sample else observed
    if not (np.isfinite(observed).all() and np.isfinite(resampled).all()):
        return None
    if not claim.of_a_sample:
        return Fact(float(observed[0]))
    return Interval.of(observed, resampled, degrees_of_freedom(evidence.strata(claim)))


def learning(evidence: Evidence, planned: Sequence[int] = ()) -> Learning:
    """Whether a run learned, by the scores of its base and of the fully trained model.

    Args:
        evidence: the evidence of the run.
        planned: the planned numbers of samples, if it may be asked several times; see
            :func:`~alpharl_bench.claims.verdict.judge`.
    """
    gains = evidence.accuracies(FULL) - evidence.accuracies(BASE)
    analysis = this_analysis(
        planned, evidence.samples, gains, lambda: _gained(evidence.within([FULL, BASE]))
    )
    confidence = 1 - analysis.nominal(1 - CONFIDENCE)
    gain = evidence.observed_accuracy(FULL) - evidence.observed_accuracy(BASE)
    return Learning(
        base=accuracy(evidence, BASE),
        full=accuracy(evidence, FULL),
        gain=Interval.of(gain, gains, degrees_of_freedom(evidence.tasks), confidence),
        confidence=confidence,
    )


def this_analysis(
    planned: Sequence[int], samples: int, values: np.ndarray, within: Callable[[], np.ndarray]
) -> Analysis:
    """Which of the planned analyses this is, by how much of the variance samples can remove.

    Args:
        planned: the planned numbers of samples to each question; at most one for a single analysis.
        samples: how many were taken.
        values: (…, B) the resampled statistics.
        within: gives the statistics with the samples of every question resampled, (…, resamples);
            not called where a question has one sample, of which there is nothing to resample.
    """
    if len(planned) <= 1:
        return Analysis()
    spread = values.var(axis=-1)
    if samples == 1 or not spread.min() > 0:
        return Analysis.of(planned, samples, 1.0)
    # Of several statistics the one that samples help most: its boundaries are the widest.
    share = np.max(within().var(axis=-1) / spread)
    return Analysis.of(planned, samples, float(np.clip(share, 0, 1)))


def _gained(accuracies: Means) -> np.ndarray:
    gained: np.ndarray = accuracies[FULL] - accuracies[BASE]
    return gained


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
