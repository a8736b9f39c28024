"""The report's tables as pandas frames: ours beside the paper's own numbers."""

from collections.abc import Callable

import pandas as pd

from alpharl_bench.claims import CLAIMS, Claim, Evidence, Learning, Outcome, Verdict, learning
from alpharl_bench.claims.appendix_a import APPENDIX_A
from alpharl_bench.claims.measures import accuracy, recovered_gain, relative_accuracy
from alpharl_bench.grading import Mark
from alpharl_bench.reporting.session import RunRecord, Session
from alpharl_bench.scoring import CONFIDENCE, Score
from alpharl_bench.spectral import ModuleSpectrum

_SYMBOL = {
    Outcome.SUPPORTED: "✓",
    Outcome.REFUTED: "✗",
    Outcome.INCONCLUSIVE: "?",
    Outcome.NOT_INFORMATIVE: "≈",
}
#: Marks a verdict that is decided alone but not among all of its session.
NOT_SURVIVING = "†"
#: The paper's numbers are from models of 7 to 32 billion parameters.
PAPER_COLUMN = "paper (7–32 B)"


def summary(
    verdicts: dict[str, dict[str, Verdict]],
    session: Session,
    adjusted: dict[tuple[str, str], float],
) -> pd.DataFrame:
    """Claims × runs: one verdict in each cell.

    It is marked where the registry expected another, and where it is decided alone but not among
    all: ``adjusted`` are the p-values of :func:`~alpharl_bench.claims.family.holm`.
    """
    rows = []
    for claim_id, by_run in verdicts.items():
        row = {"claim": claim_id, "": CLAIMS[claim_id].title}
        for run, record in session.runs.items():
            row[run] = _cell(by_run[run], record, adjusted) if run in by_run else ""
        rows.append(row)
    return pd.DataFrame(rows)


def _cell(verdict: Verdict, record: RunRecord, adjusted: dict[tuple[str, str], float]) -> str:
    text = f"{_SYMBOL[verdict.outcome]} {verdict.outcome}"
    if verdict.contrast:
        text += " (contrast)"
    elif verdict.outcome is Outcome.REFUTED:
        text += " (known)" if verdict.claim.id in record.expect else " (new)"
    if verdict.decided and not survives(verdict, adjusted):
        text += f" {NOT_SURVIVING}"
    return text


def survives(verdict: Verdict, adjusted: dict[tuple[str, str], float]) -> bool:
    """Whether a verdict is decided among all of the session at 5 %."""
    return adjusted[verdict.claim.id, verdict.run] <= 1 - CONFIDENCE


def runs(session: Session) -> pd.DataFrame:
    """What each run is, and whether it learned: base and final accuracy."""
    rows = []
    scored = {score.provenance.run for score in session.scores}
    for name, record in session.runs.items():
        learned = learning(session.evidence(name), record.looks) if name in scored else None
        rows.append(
            {
                "run": name,
                "model": record.model,
                "algorithm": record.algorithm,
                "kind": record.kind,
                "seed": "–" if record.seed is None else record.seed,
                "steps": record.steps[-1],
                "checkpoints": len(record.steps),
                "base accuracy": learned.base if learned else "not scored",
                "trained accuracy": learned.full if learned else "not scored",
                "learned": _learned(learned),
            }
        )
    return pd.DataFrame(rows)


def _learned(learned: Learning | None) -> str:
    if learned is None or not learned.known:
        return "not known"
    return f"**did not learn** ({learned.gain})" if learned.failed else f"yes, by {learned.gain}"


def verdict_rows(
    claim: Claim, by_run: dict[str, Verdict], adjusted: dict[tuple[str, str], float]
) -> pd.DataFrame:
    """One row per run: the statistic with its interval, the verdict, p alone and among all."""
    unit = claim.units
    return pd.DataFrame(
        [
            {
                "run": run,
                "verdict": f"{_SYMBOL[verdict.outcome]} {verdict.outcome}",
                "ours [interval]": verdict.value or "–",
                "at": verdict.level,
                "asked for": claim.threshold,
                PAPER_COLUMN: claim.paper.statistic,
                "p (adjusted)": f"{verdict.p_value:.2g} ({adjusted[claim.id, run]:.2g})",
                unit: verdict.units,
                **{f"null: {name}": null for name, null in verdict.nulls.items()},
                "note": verdict.note,
            }
            for run, verdict in by_run.items()
        ]
    )


def points(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """One row per variant of the claim's curve, for one run."""
    return pd.DataFrame(
        [
            {
                "variant": point.name,
                "accuracy": accuracy(evidence, point.variant),
                "relative accuracy": relative_accuracy(evidence, point) or "–",
                "recovered gain": recovered_gain(evidence, point) or "–",
                PAPER_COLUMN: claim.paper.points.get(point.name, ""),
            }
            for point in claim.curve.points(evidence.steps)
        ]
    )


def task_accuracies(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """mean@k per task of a claim's variants, laid out as the paper's Table 1."""
    return _by_task(claim, evidence, lambda score, task: score.task_accuracy(task))


def task_passes(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """pass@k per task, k the number of samples."""
    return _by_task(claim, evidence, lambda score, task: score.task_pass(task))


def task_majorities(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """maj@k per task, k the number of samples."""
    return _by_task(claim, evidence, lambda score, task: score.task_majority(task))


def _by_task(
    claim: Claim, evidence: Evidence, metric: Callable[[Score, str], float]
) -> pd.DataFrame:
    rows = []
    for point in claim.curve.points(evidence.steps):
        score = evidence.score(point.variant)
        values = {task: 100 * metric(score, task) for task in score.tasks}
        printed = {task: f"{value:.1f}" for task, value in values.items()}
        mean = sum(values.values()) / len(values)
        rows.append({"variant": point.name, **printed, "Avg.": f"{mean:.1f}"})
    return pd.DataFrame(rows)


def responses(session: Session) -> pd.DataFrame:
    """What became of the responses of every run, and how many there are."""
    named = {
        Mark.RIGHT: "right",
        Mark.WRONG: "wrong",
        Mark.NO_ANSWER: "no final answer",
        Mark.STOPPED: "cut off",
    }
    rows = []
    for name in session.runs:
        marks = "".join(m for s in session.scores_of(name) for m in s.marks)
        counts = {title: f"{marks.count(mark):,}" for mark, title in named.items()}
        rows.append({"run": name, "responses": f"{len(marks):,}", **counts})
    return pd.DataFrame(rows)


def norms(evidence: Evidence) -> pd.DataFrame:
    """Mean update norm and fractions of it, beside Gaussian matrices and the paper's."""
    titles = {
        "norm": "average update norm ‖ΔW‖",
        "rank1_fraction": "Rank-1 fraction",
        "rank1_percent_fraction": "Rank-1 % fraction",
    }
    printed = APPENDIX_A.get(evidence.kind)
    paper = [f"{getattr(printed, column):g}" if printed else "" for column in titles]
    return _figures(evidence, titles).assign(**{PAPER_COLUMN: paper})


def ranks(evidence: Evidence) -> pd.DataFrame:
    """Effective and stable rank of the update, beside Gaussian matrices."""
    titles = {"effective_rank": "effective rank", "stable_rank": "stable rank ‖ΔW‖²/σ₁²"}
    return _figures(evidence, titles)


def _figures(evidence: Evidence, titles: dict[str, str]) -> pd.DataFrame:
    frame = spectrum_frame(evidence)
    return pd.DataFrame(
        [
            {
                "": title,
                "ours, mean over modules": f"{frame[column].mean():.4g}",
                "ours, range": f"{frame[column].min():.3g} … {frame[column].max():.3g}",
                "Gaussian of the same shape": (
                    f"{frame[f'noise_{column}'].mean():.4g}"
                    if f"noise_{column}" in frame
                    else "same norm"
                ),
            }
            for column, title in titles.items()
        ]
    )


def spectrum_frame(evidence: Evidence) -> pd.DataFrame:
    """One row per module."""
    fields = [*ModuleSpectrum.__dataclass_fields__, "stable_rank", "noise_stable_rank"]
    return pd.DataFrame(
        [[getattr(module, field) for field in fields] for module in evidence.spectrum],
        columns=fields,
    )


def markdown(frame: pd.DataFrame) -> str:
    """A GitHub table; intervals keep their own form."""
    return str(frame.astype(str).to_markdown(index=False, disable_numparse=True))
