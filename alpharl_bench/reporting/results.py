"""``results.json``: verdicts and accuracies of a session for programs, by a published schema."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alpharl_bench import __version__
from alpharl_bench.claims import (
    Claim,
    Control,
    Evidence,
    Interval,
    Origin,
    Threshold,
    Verdict,
    learning,
)
from alpharl_bench.claims.gains import Gains
from alpharl_bench.claims.pooled import Pooled
from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.limits import RESULTS_BYTES
from alpharl_bench.registry import Kind
from alpharl_bench.reporting.claim_sections import commands
from alpharl_bench.reporting.judged import LISTED, Judged
from alpharl_bench.scoring import (
    Provenance,
    Score,
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
    unit_weights,
)
from alpharl_bench.spectral import Coverage
from alpharl_bench.untrusted import read_bytes

RESULTS = "results.json"
# Behind the point, of accuracies and statistics: so many that a rounded one rounds as it would.
_DIGITS = 12
Format = Literal["3"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bounds(_Record):
    """An estimate with its interval; a bound is null where there is none (too few units)."""

    estimate: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, interval: Interval) -> Self:
        """The record of an interval."""
        estimate, low, high = (
            round(end, _DIGITS) for end in (interval.estimate, interval.low, interval.high)
        )
        return cls(estimate=estimate, low=_finite(low), high=_finite(high))


class Asked(_Record):
    """Where the claim holds: low ≤ statistic ≤ high; null is no bound."""

    low: float | None
    high: float | None

    @classmethod
    def of(cls, threshold: Threshold) -> Self:
        """The record of a threshold."""
        return cls(low=_finite(threshold.low), high=_finite(threshold.high))


class ControlRecord(_Record):
    """A null of the claim, or a ceiling: its own statistic.

    ``alike``: the run cannot be told from it, in the claim's direction or, of a ceiling, against
    it. Of a verdict over several runs ``value`` is what they are beyond it.
    """

    value: Bounds
    alike: bool
    ceiling: bool

    @classmethod
    def of(cls, control: Control) -> Self:
        """The record of a control."""
        return cls(value=Bounds.of(control.value), alike=control.alike, ceiling=control.ceiling)


_Outcome = Literal["supported", "refuted", "inconclusive", "not informative", "measured"]


class BeyondRecord(_Record):
    """The verdict on the same claim with accuracies as what they are above the strictest baseline.

    ``value`` is null where nothing is told beyond the baselines; ``reason`` says why.
    """

    outcome: _Outcome
    value: Bounds | None
    reason: str

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """The record of a verdict."""
        value = Bounds.of(verdict.value) if verdict.value else None
        return cls(outcome=verdict.outcome.value, value=value, reason=verdict.reason)


class VerdictRecord(_Record):
    """One claim on one run. ``contrast``: the claim is not about this kind of training.

    ``known``: the registry expects a refutation, and ``reason`` says why. ``value`` is null where
    nothing could be computed, and has no bounds where it is ``alone``, a fact of this run.
    ``level`` is the confidence of ``value`` and ``controls``; ``p`` alone and ``p_adjusted`` among
    all verdicts that answer its question (Holm), null of a fact. ``practical`` is the outcome by a
    weaker line of ours. ``detectable`` is the smallest distance from a line that is told with 80 %.
    ``count`` are the claim's units behind the interval, ``samples`` the graded responses to each
    question, 0 of modules. ``control`` is the accuracy of the random rank-1 updates among the
    claim's variants, the mean over draws.
    """

    claim: str
    run: str
    outcome: _Outcome
    contrast: bool
    alone: bool
    known: bool
    reason: str
    value: Bounds | None
    level: float
    practical: _Outcome | None
    beyond: BeyondRecord | None
    detectable: float | None
    controls: dict[str, ControlRecord]
    control: Bounds | None
    p: float
    p_adjusted: float | None
    count: int
    samples: int
    note: str
    command: str


class GainsRecord(_Record):
    """The gain of a run taken apart; see ``docs/verdicts.md``.

    ``parts`` add up to ``full`` − ``base``. ``strictest`` is the baseline that *beyond* is measured
    against, ``bar`` the accuracy of its readable responses. ``told``: the trained model is told
    from every baseline. ``exact`` is the share of its responses that are the worked solution.
    """

    base: Bounds
    full: Bounds
    parts: dict[str, Bounds]
    strictest: str
    bar: Bounds
    told: bool
    exact: float | None

    @classmethod
    def of(cls, gains: Gains) -> Self:
        """The record of a gain."""
        return cls(
            base=Bounds.of(gains.base),
            full=Bounds.of(gains.full),
            parts={name: Bounds.of(part) for name, part in gains.parts.items()},
            strictest=gains.strictest.method,
            bar=Bounds.of(gains.bar),
            told=gains.told,
            exact=gains.exact,
        )


class PooledRecord(_Record):
    """One claim over several runs, in ``clusters`` that are independent of each other.

    ``left_out`` are runs that have no number, or were asked other questions than most. ``beyond``:
    accuracies are what they are above the strictest baseline.
    """

    claim: str
    over: str
    runs: tuple[str, ...]
    left_out: tuple[str, ...]
    beyond: bool
    clusters: int
    outcome: _Outcome
    value: Bounds
    df: float
    practical: _Outcome | None
    controls: dict[str, ControlRecord]
    p: float


class ClaimRecord(_Record):
    """What a claim says, in our words and its paper's, and what it asks for.

    ``paper`` is the paper's arXiv id, ``place`` the place in it and ``printed`` what it printed.
    ``origin`` says who drew the line: the paper (printed), we by what it says (derived), or we
    alone (ours); ``practical`` is a weaker line of ours.
    """

    title: str
    text: str
    caveat: str
    paper: str
    place: str
    printed: str
    statistic: str
    threshold: Asked
    origin: Origin
    practical: Asked | None
    units: str


class AccuracyRecord(_Record):
    """The accuracy of a variant at 95 %, the mean over tasks, and of each task (mean@k)."""

    accuracy: Bounds
    tasks: dict[str, float]
    samples: int


class CoverageRecord(_Record):
    """The parts of ‖ΔW‖² over all tensors.

    ``modules`` is the share in the modules, null if nothing moved, and ``left`` that of each kind
    of tensor that stays at the base. ``still`` are the names with ΔW = 0, how many of how many.
    ``floor`` is what rounding the base to the checkpoint's dtype is to ‖ΔW‖. ``apart`` are the
    tensors that could not be compared.
    """

    modules: float | None
    left: dict[str, float]
    still: dict[str, tuple[int, int]]
    floor: float
    apart: tuple[str, ...]


class RunResult(_Record):
    """One run. ``learned`` is null where it is not known; ``provenance`` where nothing was scored.

    ``accuracies`` are by the name of the variant. ``coverage`` is null where it was not measured,
    ``notes`` are what was said of the run's files while it was scored.
    """

    model: str
    algorithm: str
    kind: Kind
    seed: int | None
    steps: tuple[int, ...]
    options: tuple[str, ...]
    selected_by: tuple[str, ...]
    source: str
    deviations: str
    learned: bool | None
    accuracies: dict[str, AccuracyRecord]
    provenance: Provenance | None
    gains: GainsRecord | None = None
    coverage: CoverageRecord | None = None
    notes: tuple[str, ...] = ()


class Results(_Record):
    """A session's results. ``format`` changes with every change that a reader must know of.

    Claims of one paper have short ids (``P1.1``), of several those with their paper
    (``2510.00553:P1.1``).
    """

    format: Format = "3"
    version: str = Field(description="of alpharl-bench")
    date: str
    command: str
    interrupted: bool
    claims: dict[str, ClaimRecord]
    runs: dict[str, RunResult]
    verdicts: tuple[VerdictRecord, ...]
    pooled: tuple[PooledRecord, ...] = ()

    @classmethod
    def of(cls, judged: Judged) -> Self:
        """The results of a session with its verdicts."""
        session, verdicts, runs = judged.session, [], {}
        for number, run in enumerate(session.runs):
            own = [by_run[run] for by_run in judged.verdicts.values() if run in by_run]
            runs[run] = _run(judged, run)
            verdicts += [_verdict(judged, verdict) for verdict in own]
            if number >= LISTED:
                session.release(run)
        return cls(
            version=__version__,
            date=session.date,
            command=session.command,
            interrupted=session.interrupted,
            claims={judged.name(claim): _claim(claim) for claim in judged.claims},
            runs=runs,
            verdicts=tuple(verdicts),
            pooled=tuple(_pooled(judged, one) for of in judged.pooled.values() for one in of),
        )

    @model_validator(mode="after")
    def _told(self) -> Self:
        for verdict in self.verdicts:
            if verdict.claim not in self.claims or verdict.run not in self.runs:
                raise ValueError(f"{verdict.claim} on {verdict.run}: no such claim, or no such run")
        return self

    @property
    def by_claim_and_run(self) -> dict[tuple[str, str, str], VerdictRecord]:
        """The verdicts by paper, id of the claim within it, and run."""
        return {
            (self.claims[v.claim].paper, v.claim.rpartition(":")[2], v.run): v
            for v in self.verdicts
        }


def schema() -> str:
    """The JSON schema of the file, as it is published beside this module."""
    return json.dumps(Results.model_json_schema(mode="serialization"), indent=1) + "\n"


def load_results(path: Path) -> Results:
    """Read the results of a report.

    Args:
        path: the file, or the folder of the report.

    Raises:
        AlphaRLBenchError: there is none, or one of another format.
    """
    file = path / RESULTS if path.is_dir() else path
    try:
        return Results.model_validate_json(read_bytes(file, RESULTS_BYTES))
    except OSError as error:
        raise AlphaRLBenchError(
            f"{file}: no results ({error.strerror}); `alpharl-bench report DIR` makes them from "
            "the scores that are stored in a report folder"
        ) from error
    except ValidationError as error:
        faults = "; ".join(faults_of(error))
        raise AlphaRLBenchError(
            f"{file}: not results of this version ({faults}); make them again by "
            "`alpharl-bench report DIR`"
        ) from error


def _claim(claim: Claim) -> ClaimRecord:
    return ClaimRecord(
        title=claim.title,
        text=claim.text,
        caveat=claim.caveat,
        paper=claim.paper_ref.paper,
        place=claim.paper_ref.place,
        printed=claim.printed.statistic,
        statistic=claim.statistic_label,
        threshold=Asked.of(claim.threshold),
        origin=claim.threshold.origin,
        practical=Asked.of(claim.practical) if claim.practical else None,
        units=claim.units,
    )


def _verdict(judged: Judged, verdict: Verdict) -> VerdictRecord:
    claim, session = verdict.claim, judged.session
    expected = session.runs[verdict.run].expect.get(claim.qualified_id)
    return VerdictRecord(
        claim=judged.name(claim),
        run=verdict.run,
        outcome=verdict.outcome.value,
        contrast=verdict.contrast,
        alone=verdict.alone,
        known=judged.known(verdict),
        reason=expected.reason if expected else "",
        value=Bounds.of(verdict.value) if verdict.value else None,
        level=verdict.confidence,
        practical=verdict.practical.value if verdict.practical else None,
        beyond=BeyondRecord.of(verdict.beyond) if verdict.beyond else None,
        detectable=_finite(verdict.detectable),
        controls={name: ControlRecord.of(one) for name, one in verdict.controls.items()},
        control=_control(session.evidence(verdict.run), claim) if claim.sampled else None,
        p=verdict.p_value,
        p_adjusted=judged.p_adjusted(verdict),
        count=verdict.units,
        samples=verdict.samples,
        note=verdict.note,
        command=commands(claim, [verdict.run], session)[0],
    )


def _pooled(judged: Judged, pooled: Pooled) -> PooledRecord:
    claim = pooled.claim
    return PooledRecord(
        claim=judged.name(claim),
        over=pooled.over,
        runs=pooled.runs,
        left_out=pooled.left_out,
        beyond=pooled.beyond,
        clusters=pooled.clusters,
        outcome=pooled.outcome.value,
        value=Bounds.of(pooled.value),
        df=pooled.df,
        practical=pooled.practical.value if pooled.practical else None,
        controls={name: ControlRecord.of(one) for name, one in pooled.controls.items()},
        p=pooled.p_value,
    )


def _control(evidence: Evidence, claim: Claim) -> Bounds | None:
    points = evidence.points(claim)
    # In their order, as the last bits of a mean depend on it.
    draws = list(dict.fromkeys(p.variant for p in points if p.name.startswith("Control")))
    if not draws:
        return None
    observed = np.mean([evidence.observed_accuracy(draw) for draw in draws], axis=0)
    resampled = np.mean([evidence.accuracies(draw) for draw in draws], axis=0)
    return Bounds.of(Interval.of(observed, resampled, degrees_of_freedom(evidence.tasks)))


def _run(judged: Judged, run: str) -> RunResult:
    session, record = judged.session, judged.session.runs[run]
    scores = session.scores_of(run)
    learned = learning(session.evidence(run), record.planned) if scores else None
    return RunResult(
        model=record.model,
        algorithm=record.algorithm,
        kind=record.kind,
        seed=record.seed,
        steps=record.steps,
        options=record.options,
        selected_by=record.selected_by,
        source=record.source,
        deviations=record.deviations,
        learned=not learned.failed if learned and learned.known else None,
        accuracies=_accuracies(scores),
        provenance=session.provenance.get(run),
        gains=GainsRecord.of(judged.gains[run]) if run in judged.gains else None,
        coverage=_coverage(record.coverage),
        notes=tuple(session.notes_of(run)),
    )


def _coverage(found: Coverage | None) -> CoverageRecord | None:
    if found is None:
        return None
    return CoverageRecord(
        modules=_finite(found.modules),
        left=found.left,
        still=found.still,
        floor=found.floor,
        apart=tuple(found.apart),
    )


def _accuracies(scores: Sequence[Score]) -> dict[str, AccuracyRecord]:
    """By variant; those that were asked the same questions are resampled at once."""
    alike: dict[tuple[tuple[str, str], ...], list[Score]] = {}
    for score in scores:
        alike.setdefault(score.questions, []).append(score)
    found = {}
    for questions, group in alike.items():
        tasks = [task for task, _ in questions]
        right = np.stack([score.per_question for score in group], axis=1)
        estimates = unit_weights(tasks) @ right
        values = resampling_weights(tasks) @ right
        low, high = percentile_interval(values, degrees_of_freedom(tasks))
        for i, score in enumerate(group):
            found[score.variant] = AccuracyRecord(
                accuracy=Bounds.of(Interval(*map(float, (estimates[i], low[i], high[i])))),
                tasks={t: round(score.task_accuracy(t), _DIGITS) for t in score.tasks},
                samples=score.samples_per_question,
            )
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
