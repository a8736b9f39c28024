"""Supported, refuted or neither: by intervals and beside controls, never by estimates alone."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from alpharl_bench.claims.claim import Claim
from alpharl_bench.claims.controls import Control, controls
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.claims.extremes import extreme, interval, p_values
from alpharl_bench.claims.gains import gains
from alpharl_bench.claims.measures import Fact, Interval, learning, level, this_analysis
from alpharl_bench.claims.outcome import Outcome, by_line
from alpharl_bench.claims.power import detectable
from alpharl_bench.registry import Kind
from alpharl_bench.scoring import CONFIDENCE, degrees_of_freedom, percentile_interval
from alpharl_bench.scoring.bootstrap import LEAST_DF
from alpharl_bench.tables import QUESTIONS
from alpharl_bench.tables.scores import SCORES


@dataclass(frozen=True)
class Verdict:
    """The verdict of one run's evidence on one claim.

    ``units`` is the number of questions, modules or the like behind ``value``; ``samples`` the
    number of graded responses to each question (0 for a claim that rests on none). ``confidence``
    is that of ``value`` at this analysis, ``df`` its degrees of freedom. ``p_value`` allows for all
    planned analyses and for the choice of an extreme, and is at most 0.05 exactly where the number
    decides; it is 1 of a fact. ``samples_needed`` (to each question) or else ``questions_needed``
    says how many would decide an inconclusive verdict, None where no number is known to. ``reason``
    says why a verdict is inconclusive whatever the numbers. ``kind`` is that of the run.
    ``controls`` are the claim's nulls and ceilings by name. ``beyond`` is the verdict on the same
    claim with every accuracy as what it is above that of the strictest baseline; None where no
    baseline was scored.
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
    df: float = 0.0
    kind: Kind = "RL"
    controls: Mapping[str, Control] = field(default_factory=dict)
    beyond: "Verdict | None" = None

    def __str__(self) -> str:
        """One line: the claim, the run, the verdict and the numbers behind it."""
        numbers = self.reason
        if self.value:
            at = "" if self.alone else f" at {self.level}"
            numbers = f"{self.value}{at}, asked for {self.claim.threshold}"
        outcome = f"{self.outcome}, a contrast" if self.contrast else self.outcome
        line = f"{self.claim.id} on {self.run}: {outcome} ({self.claim.statistic_label} {numbers})"
        if self.value and self.note:
            line += f"; {self.note}"
        if self.beyond is not None:
            number = self.beyond.value or self.beyond.reason
            line += f"; beyond the baselines: {self.beyond.outcome} ({number})"
        return line

    @property
    def note(self) -> str:
        """Why a verdict is not decided, and what would decide it; empty if it is decided."""
        match self.outcome:
            case Outcome.INCONCLUSIVE:
                return self.remedy
            case Outcome.NOT_INFORMATIVE:
                alike = "; ".join(f"{n}: {c.value}" for n, c in self.controls.items() if c.alike)
                return f"the run cannot be told from its control: {alike}"
            case Outcome.MEASURED if self.alone:
                return f"of this run alone: its {self.claim.units} are no sample"
            case Outcome.MEASURED:
                return "the line is ours, so that the number refutes nothing"
        return ""

    @property
    def alone(self) -> bool:
        """Whether its number is a fact of this run, from which nothing follows for another."""
        return not self.claim.of_a_sample

    @property
    def practical(self) -> Outcome | None:
        """The outcome by the claim's practical line; None where there is none, or no number."""
        line = self.claim.practical
        return by_line(line, self.value) if line and self.value else None

    @property
    def settled(self) -> bool:
        """Whether more samples are not worth asking for: by the claim's line or its weaker one."""
        open_ones = {Outcome.INCONCLUSIVE, None}
        return self.outcome not in open_ones or self.practical not in open_ones

    @property
    def detectable(self) -> float:
        """The smallest distance from a line that this design tells with 80 %; infinite if none."""
        if self.value is None or self.alone:
            return math.inf
        return detectable(self.value, self.df, self.confidence)

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


def judge(claim: Claim, evidence: Evidence, planned: Sequence[int] = ()) -> Verdict:
    """Judge a claim on the evidence of one run.

    A claim is supported if the interval of its statistic lies entirely on the right side of the
    threshold, and refuted if it lies entirely on the wrong side. Where it would be supported and
    the run cannot be told from a null, or refuted and it cannot be told from a ceiling, it is not
    informative. What would be refuted by a line of ours is measured, and so is what is a fact of
    this run. No claim is judged on a run that did not learn or whose update is zero.

    Args:
        claim: the claim to judge.
        evidence: the evidence of one run.
        planned: the planned numbers of samples to each question, ascending, of a sequential
            sampling: each is an analysis, and all together have the error rate of one. At most one
            number for a single analysis, as of every claim that is not sampled.
    """
    verdict = _judge(claim, evidence, planned)
    return replace(verdict, beyond=_beyond(verdict, evidence, planned))


def _beyond(verdict: Verdict, evidence: Evidence, planned: Sequence[int]) -> Verdict | None:
    """The verdict on what is beyond the baselines: of a run without that, none is informative."""
    claim, bar = verdict.claim, evidence.strictest
    if bar is None or verdict.reason:
        return None
    found = gains(evidence, planned)
    if found is None or not found.told:
        reason = "nothing that the run learned is told from what its base does, decoded otherwise"
        return replace(verdict, outcome=Outcome.NOT_INFORMATIVE, value=None, reason=reason)
    if claim.table != SCORES.name:
        return verdict  # What it measures is no accuracy; only the run has to have learned.
    above = evidence.above(bar)
    df = degrees_of_freedom(evidence.strata(claim))
    for reference in {point.reference for point in evidence.points(claim)}:
        over = evidence.accuracies(reference) - evidence[SCORES].readable_accuracies(bar)
        if percentile_interval(over, df, verdict.confidence)[0] <= 0:
            reason = f"'{reference.label}' is not beyond the baselines yet"
            return replace(verdict, outcome=Outcome.INCONCLUSIVE, value=None, reason=reason)
    return _judge(claim, above, planned)


def _judge(claim: Claim, evidence: Evidence, planned: Sequence[int]) -> Verdict:
    undecided = Verdict(
        claim,
        evidence.run,
        Outcome.INCONCLUSIVE,
        value=None,
        units=evidence.size(claim),
        samples=evidence.samples if claim.sampled else 0,
        kind=evidence.kind,
    )
    reason = claim.unsupported_reason(evidence.steps) or _too_few(claim, evidence)
    if claim.needs_generation and not reason:
        learned = learning(evidence, planned)
        reason = f"the run did not learn: {learned}" if learned.failed else ""
    reason = reason or claim.unmeasured_reason(evidence.observed(claim))
    if reason:
        return replace(undecided, reason=reason)
    if not claim.of_a_sample:
        return _judge_fact(undecided, evidence)
    return _judge_sample(undecided, evidence, planned if claim.sampled else ())


def _judge_fact(undecided: Verdict, evidence: Evidence) -> Verdict:
    claim = undecided.claim
    observed = evidence.observed(claim)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = extreme(claim.statistic(observed, evidence.steps), claim.extremes)
    if not np.isfinite(estimate).all():
        return replace(undecided, reason=_NO_NUMBER)
    fact = float(estimate[0])
    found = controls(claim, evidence.steps, observed, None, 0, 1 - CONFIDENCE)
    informative = _informative(found, held=claim.threshold.holds(fact, fact))
    outcome = Outcome.MEASURED if informative else Outcome.NOT_INFORMATIVE
    return replace(undecided, value=Fact(fact), controls=found, outcome=outcome)


def _judge_sample(undecided: Verdict, evidence: Evidence, planned: Sequence[int]) -> Verdict:
    claim, steps = undecided.claim, evidence.steps
    df = degrees_of_freedom(evidence.strata(claim))
    observed, resampled = evidence.observed(claim), evidence.resampled(claim)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate, values = (claim.statistic(means, steps) for means in (observed, resampled))
    if not (np.isfinite(estimate).all() and np.isfinite(values).all()):
        return replace(undecided, reason=_NO_NUMBER)
    analysis = this_analysis(
        planned,
        undecided.samples,
        values,
        lambda: claim.statistic(evidence.resampled_within(claim), steps),
    )
    error = 1 - CONFIDENCE
    first = np.moveaxis(values, -1, 0)
    holds, fails = p_values(
        analysis.p_value(claim.threshold.p_holds(first, df)),
        analysis.p_value(claim.threshold.p_fails(first, df)),
        claim.extremes,
        claim.threshold,
    )

    def ends(confidence: float) -> tuple[np.ndarray, np.ndarray]:
        return percentile_interval(first, df, 1 - analysis.nominal(1 - confidence))

    nominal = analysis.nominal(error)
    judged = replace(
        undecided,
        value=Interval(
            float(extreme(estimate, claim.extremes)[0]),
            *interval(ends, claim.extremes, CONFIDENCE),
        ),
        confidence=1 - nominal,
        df=df,
        p_value=min(holds, fails),
        controls=controls(claim, steps, observed, resampled, df, nominal),
    )
    if min(holds, fails) <= error:
        held = holds <= error
        outcome = Outcome.of(
            held=held,
            informative=_informative(judged.controls, held=held),
            origin=claim.threshold.origin,
        )
        return replace(judged, outcome=outcome)
    variance = extreme(values, claim.extremes).var()
    samples_needed, questions_needed = _needed(claim, evidence, judged, variance)
    return replace(judged, samples_needed=samples_needed, questions_needed=questions_needed)


def _informative(found: Mapping[str, Control], *, held: bool) -> bool:
    """Whether no control does what the run does: no null where it held, no ceiling where not."""
    return not any(control.alike and control.ceiling != held for control in found.values())


#: Why there is no number.
_NO_NUMBER = (
    "the statistic divides by zero: a checkpoint answers nothing, has no update or says what the "
    "base says"
)


def _too_few(claim: Claim, evidence: Evidence) -> str:
    strata = evidence.strata(claim)
    if not strata:
        return f"no {claim.units} were measured"
    if not claim.of_a_sample or degrees_of_freedom(strata) >= LEAST_DF:
        return ""
    stratum, size = Counter(strata).most_common()[-1]
    where = f"task '{stratum}'" if claim.units == QUESTIONS else "the run"
    return f"too few {claim.units} for an interval: {where} has {size}"


def _needed(
    claim: Claim, evidence: Evidence, verdict: Verdict, variance: float
) -> tuple[int | None, int | None]:
    """Samples a question that would decide the claim; if none would, the questions that would.

    The variance of the statistic is A + W: A between questions, W = B/k from k samples of each.
    It must shrink by (distance to the threshold / half-width)² = f. With k′ samples it is
    A + W k/k′; with n′ questions (A + W) n/n′.
    """
    value = verdict.value
    if value is None:
        return None, None
    distance = claim.threshold.distance(value.estimate)
    half_width = max(value.high - value.estimate, value.estimate - value.low)
    if distance == 0 or math.isinf(half_width):
        return None, None
    shrink = (distance / half_width) ** 2
    questions = math.ceil(evidence.size(claim) / shrink)
    if not claim.sampled or evidence.samples == 1:
        return None, questions
    with np.errstate(divide="ignore", invalid="ignore"):
        within = claim.statistic(evidence.resampled_within(claim), evidence.steps)
        within = extreme(within, claim.extremes).var() / variance
    room = shrink - max(1 - within, 0)  # for W, as a part of A + W
    if not room > 0:
        return None, questions
    return math.ceil(evidence.samples * min(within, 1) / room), None
