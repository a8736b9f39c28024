"""Supported, refuted or inconclusive: by an interval, never by an estimate alone."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from alpharl_bench.claims.claim import Claim, Point
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.scoring import percentile_interval
from alpharl_bench.variants import BASE, FULL, Variant


class Outcome(StrEnum):
    """The three verdicts."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        """As in a table: ``0.876 [0.84, 0.91]``."""
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Verdict:
    """What the evidence of one run says about one claim.

    ``units`` is the number of questions or modules behind the interval; ``samples`` the number of
    graded responses per variant (0 for a claim about modules); ``samples_needed`` how many of them
    would decide an inconclusive verdict, None where no number is known to. ``reason`` says why a
    verdict is inconclusive whatever the numbers.
    """

    claim: Claim
    run: str
    outcome: Outcome
    value: Interval | None
    units: int
    samples: int
    samples_needed: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        """One line: the claim, the run, the verdict and the numbers behind it."""
        numbers = f"{self.value}, asked for {self.claim.threshold}" if self.value else self.reason
        line = f"{self.claim.id} on {self.run}: {self.outcome} ({self.claim.reads} {numbers})"
        if self.outcome is Outcome.INCONCLUSIVE and self.value:
            line += f"; {self.remedy}"
        return line

    @property
    def remedy(self) -> str:
        """What would decide an inconclusive verdict."""
        if self.reason:
            return self.reason
        if self.samples_needed is None:
            return "the estimate lies on the threshold: no number of samples is known to decide it"
        return f"about {self.samples_needed:,} samples would decide it, {self.samples:,} were taken"


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """Judge a claim on the evidence of one run.

    Supported where the 95 % bootstrap interval of the statistic lies wholly on the right side of
    the threshold, refuted where wholly on the wrong side. A run that did not learn, or whose update
    is zero, has nothing to recover: no claim is judged on it.
    """
    units = evidence.size(claim)
    resampled = evidence.resampled(claim)
    samples = 0
    if not claim.spectral:
        samples = sum(map(len, _marks(evidence)))
        gain = _interval(
            evidence.observed(claim)[FULL] - evidence.observed(claim)[BASE],
            resampled[FULL] - resampled[BASE],
        )
        if gain.low <= 0:
            reason = (
                f"the run did not learn: fully trained minus base accuracy is {gain}; there is no "
                "gain to recover"
            )
            return Verdict(
                claim, evidence.run, Outcome.INCONCLUSIVE, None, units, samples, reason=reason
            )
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = claim.statistic(evidence.observed(claim), evidence.steps)
        values = claim.statistic(resampled, evidence.steps)
    if not (np.isfinite(observed).all() and np.isfinite(values).all()):
        reason = "the statistic divides by zero: a checkpoint answers nothing or has no update"
        return Verdict(
            claim, evidence.run, Outcome.INCONCLUSIVE, None, units, samples, reason=reason
        )
    value = _interval(observed, values)
    if claim.threshold.holds(value.low, value.high):
        return Verdict(claim, evidence.run, Outcome.SUPPORTED, value, units, samples)
    if claim.threshold.fails(value.low, value.high):
        return Verdict(claim, evidence.run, Outcome.REFUTED, value, units, samples)
    if claim.spectral:
        reason = "the modules disagree; a model has no more of them to sample"
        return Verdict(
            claim, evidence.run, Outcome.INCONCLUSIVE, value, units, samples, reason=reason
        )
    return Verdict(
        claim,
        evidence.run,
        Outcome.INCONCLUSIVE,
        value,
        units,
        samples,
        samples_needed=_samples_needed(claim, value, samples),
    )


def accuracy(evidence: Evidence, claim: Claim, variant: Variant) -> Interval:
    """The accuracy of one of the claim's variants."""
    return _interval(evidence.observed(claim)[variant], evidence.resampled(claim)[variant])


def relative_accuracy(evidence: Evidence, claim: Claim, point: Point) -> Interval | None:
    """acc(variant) / acc(reference); None if the reference answers nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, ratios = (
            a[point.variant] / a[point.reference]
            for a in (evidence.observed(claim), evidence.resampled(claim))
        )
    return _interval(ratio, ratios) if np.isfinite(ratios).all() else None


def recovered_gain(evidence: Evidence, claim: Claim, point: Point) -> Interval | None:
    """(acc(variant) − acc(base)) / (acc(reference) − acc(base)).

    None where the reference is not clearly better than the base: there is no gain to recover.

    Relative accuracy flatters: a base at 0.8 of the full accuracy scores 80 % for doing nothing.
    """
    observed, resampled = evidence.observed(claim), evidence.resampled(claim)
    if percentile_interval(resampled[point.reference] - resampled[BASE])[0] <= 0:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, ratios = (
            (a[point.variant] - a[BASE]) / (a[point.reference] - a[BASE])
            for a in (observed, resampled)
        )
    return _interval(ratio, ratios) if np.isfinite(ratios).all() else None


def _marks(evidence: Evidence) -> list[str]:
    return list(next(iter(evidence.scores.values())).marks)


def _interval(observed: np.ndarray, resampled: np.ndarray) -> Interval:
    return Interval(float(observed[0]), *percentile_interval(resampled))


def _samples_needed(claim: Claim, value: Interval, samples: int) -> int | None:
    """More samples narrow an interval with the root of their number, around the same estimate."""
    distance = claim.threshold.distance(value.estimate)
    half_width = max(value.high - value.estimate, value.estimate - value.low)
    if distance == 0 or not math.isfinite(distance):
        return None
    return math.ceil(samples * (half_width / distance) ** 2)
