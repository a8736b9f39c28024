"""Supported, refuted, inconclusive or not informative: by intervals, never by estimates alone."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from alpharl_bench.claims.claim import Claim
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.claims.measures import Interval, learning, level
from alpharl_bench.registry import Kind
from alpharl_bench.scoring import (
    CONFIDENCE,
    RESAMPLES,
    degrees_of_freedom,
    percentile_interval,
)
from alpharl_bench.tables import QUESTIONS


class Outcome(StrEnum):
    """The verdicts; a claim is not informative where one of its nulls may hold too."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_INFORMATIVE = "not informative"


@dataclass(frozen=True)
class Verdict:
    """The verdict of one run's evidence on one claim.

    ``units`` is the number of questions, modules or the like behind the interval; ``samples`` the
    number of graded responses to each question (0 for a claim that rests on none). ``confidence``
    is that of ``value``, and ``p_value`` is at most 0.05 exactly where the verdict is decided; both
    allow for the planned interim analyses. ``samples_needed`` (to each question) or else
    ``questions_needed`` says how many would decide an inconclusive verdict, None where no number is
    known to. ``reason`` says why a verdict is inconclusive whatever the numbers. ``kind`` is that
    of the run. ``nulls`` are the statistics of the claim's nulls by name, at the same confidence.
    """

    claim: Claim
    run: str
    outcome: Outcome
    value: Interval | None
    units: int
    samples: int
    samples_needed: int | None = None
    reason: str = ""
    questions_needed: int | None = None
    confidence: float = CONFIDENCE
    p_value: float = 1.0
    kind: Kind = "RL"
    nulls: Mapping[str, Interval] = field(default_factory=dict)

    def __str__(self) -> str:
        """One line: the claim, the run, the verdict and the numbers behind it."""
        numbers = self.reason
        if self.value:
            numbers = f"{self.value} at {self.level}, asked for {self.claim.threshold}"
        outcome = f"{self.outcome}, a contrast" if self.contrast else self.outcome
        line = f"{self.claim.id} on {self.run}: {outcome} ({self.claim.statistic_label} {numbers})"
        if self.value and self.note:
            line += f"; {self.note}"
        return line

    @property
    def note(self) -> str:
        """Why a verdict is undecided, and what would decide it; empty if it is decided."""
        if self.outcome is Outcome.INCONCLUSIVE:
            return self.remedy
        if self.outcome is Outcome.NOT_INFORMATIVE:
            fails = self.claim.threshold.fails
            passing = [f"{n}: {v}" for n, v in self.nulls.items() if not fails(v.low, v.high)]
            return f"its null control cannot be ruled out: {'; '.join(passing)}"
        return ""

    @property
    def decided(self) -> bool:
        """Whether it says anything about the claim."""
        return self.outcome in {Outcome.SUPPORTED, Outcome.REFUTED}

    @property
    def contrast(self) -> bool:
        """Whether the claim is about other kinds of training than this run's."""
        return self.claim.contrasts(self.kind)

    @property
    def level(self) -> str:
        """The confidence as in a table: ``98.75 %``."""
        return level(self.confidence)

    @property
    def remedy(self) -> str:
        """What would decide an inconclusive verdict."""
        if self.reason:
            return self.reason
        if self.samples_needed is not None:
            return (
                f"about {self.samples_needed:,} samples a question would decide it, "
                f"{self.samples:,} were taken"
            )
        if self.questions_needed is None:
            return "the estimate lies on the threshold: no number of samples is known to decide it"
        if self.samples == 1:
            return (
                f"about {self.questions_needed:,} questions would decide it; one sample a question "
                "does not tell whether more samples would"
            )
        return (
            f"more samples cannot decide it on these {self.units:,} questions; about "
            f"{self.questions_needed:,} questions would"
        )


def judge(claim: Claim, evidence: Evidence, interim_analyses: int = 1) -> Verdict:
    """Judge a claim on the evidence of one run.

    A claim is supported if the bootstrap interval of the statistic lies entirely on the right side
    of the threshold, and refuted if it lies entirely on the wrong side. A claim that would be
    supported is not informative if a null control cannot be ruled out, that is, if the interval of
    a null does not lie entirely on the wrong side. No claim is judged on a run that did not learn
    or whose update is zero.

    Args:
        claim: the claim to judge.
        evidence: the evidence of one run.
        interim_analyses: the planned number k of analyses in sequential sampling. The interval is
            at 1 − 0.05/k (Bonferroni) in every analysis, so that all of them together have the
            error rate of one. A claim that is not sampled is analysed once.
    """
    interim_analyses = interim_analyses if claim.sampled else 1
    confidence = 1 - (1 - CONFIDENCE) / interim_analyses
    undecided = Verdict(
        claim,
        evidence.run,
        Outcome.INCONCLUSIVE,
        value=None,
        units=evidence.size(claim),
        samples=evidence.samples if claim.sampled else 0,
        confidence=confidence,
        kind=evidence.kind,
    )
    reason = claim.unsupported_reason(evidence.steps) or _too_few(claim, evidence, confidence)
    if claim.needs_generation and not reason:
        learned = learning(evidence, interim_analyses)
        reason = f"the run did not learn: {learned}" if learned.failed else ""
    if reason:
        return replace(undecided, reason=reason)
    df = degrees_of_freedom(evidence.strata(claim))
    observed, resampled = evidence.observed(claim), evidence.resampled(claim)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = claim.statistic(observed, evidence.steps)
        values = claim.statistic(resampled, evidence.steps)
    if not (np.isfinite(estimate).all() and np.isfinite(values).all()):
        reason = (
            "the statistic divides by zero: a checkpoint answers nothing, has no update or says "
            "what the base says"
        )
        return replace(undecided, reason=reason)
    value = Interval.of(estimate, values, df, confidence)
    p_value = min(1.0, interim_analyses * float(claim.threshold.p_value(values, df)))
    nulls = {
        null.name: Interval.of(
            null.statistic(observed, evidence.steps),
            null.statistic(resampled, evidence.steps),
            df,
            confidence,
        )
        for null in claim.nulls
    }
    judged = replace(undecided, value=value, p_value=p_value, nulls=nulls)
    if claim.threshold.holds(value.low, value.high):
        told = all(claim.threshold.fails(null.low, null.high) for null in nulls.values())
        return replace(judged, outcome=Outcome.SUPPORTED if told else Outcome.NOT_INFORMATIVE)
    if claim.threshold.fails(value.low, value.high):
        return replace(judged, outcome=Outcome.REFUTED)
    if claim.units != QUESTIONS:
        reason = f"the {claim.units} disagree; a model has no more of them to sample"
        return replace(judged, reason=reason)
    samples_needed, questions_needed = _needed(claim, evidence, value, values.var())
    return replace(judged, samples_needed=samples_needed, questions_needed=questions_needed)


def _too_few(claim: Claim, evidence: Evidence, confidence: float) -> str:
    strata = evidence.strata(claim)
    low, _ = percentile_interval(np.zeros(RESAMPLES), degrees_of_freedom(strata), confidence)
    if np.isfinite(low):
        return ""
    stratum, size = Counter(strata).most_common()[-1]
    where = f"task '{stratum}'" if claim.units == QUESTIONS else stratum or "the update"
    return f"too few {claim.units} for an interval at {level(confidence)}: {where} has {size}"


def _needed(
    claim: Claim, evidence: Evidence, value: Interval, variance: float
) -> tuple[int | None, int | None]:
    """Samples a question that would decide the claim; if none would, the questions that would.

    The variance of the statistic is A + W: A between questions, W = B/k from k samples of each.
    It must shrink by (distance to the threshold / half-width)² = f. With k′ samples it is
    A + W k/k′; with n′ questions (A + W) n/n′.
    """
    distance = claim.threshold.distance(value.estimate)
    half_width = max(value.high - value.estimate, value.estimate - value.low)
    if distance == 0:
        return None, None
    shrink = (distance / half_width) ** 2
    questions = math.ceil(evidence.size(claim) / shrink)
    if not claim.sampled or evidence.samples == 1:
        return None, questions
    with np.errstate(divide="ignore", invalid="ignore"):
        within = claim.statistic(evidence.resampled_within(claim), evidence.steps).var() / variance
    room = shrink - max(1 - within, 0)  # for W, as a part of A + W
    if not room > 0:
        return None, questions
    return math.ceil(evidence.samples * min(within, 1) / room), None
