"""The report's tables as pandas frames: ours beside the paper's own numbers."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from alpharl_bench.claims import (
    Claim,
    Control,
    Evidence,
    Interval,
    Learning,
    Origin,
    Outcome,
    Verdict,
    learning,
)
from alpharl_bench.claims.papers import find_paper
from alpharl_bench.claims.pooled import Pooled
from alpharl_bench.grading import Mark
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.text import plain
from alpharl_bench.scoring import Score
from alpharl_bench.scoring.catalogue import GAME_TASKS

_SYMBOL = {
    Outcome.SUPPORTED: "✓",
    Outcome.REFUTED: "✗",
    Outcome.INCONCLUSIVE: "?",
    Outcome.NOT_INFORMATIVE: "≈",
    Outcome.MEASURED: "·",
}
#: What the symbols mean, for a table that has nothing else.
LEGEND = "; ".join(f"{symbol} {outcome}" for outcome, symbol in _SYMBOL.items())
# Lines of a table that are longer are not padded.
_WIDE = 160
#: Marks a verdict that is decided alone but not among all that answer its question.
NOT_SURVIVING = "†"


#: The column of verdicts on what a run learned beyond its baselines.
BEYOND = "beyond the baselines"


def paper_column(claim: Claim) -> str:
    """The title of a column with what the claim's paper printed."""
    return find_paper(claim.paper_ref.paper).column


def summary(judged: Judged) -> pd.DataFrame:
    """Claims × runs: one verdict in each cell.

    It is marked where the registry expected another, and where it is decided alone but not among
    all.
    """
    rows = []
    for claim in judged.claims:
        by_run = judged.verdicts[claim.qualified_id]
        row = {"claim": judged.name(claim), "": claim.title}
        for run in judged.session.runs:
            row[run] = _cell(judged, by_run[run]) if run in by_run else ""
        rows.append(row)
    return pd.DataFrame(rows)


def matrix(judged: Judged, claims: Sequence[Claim]) -> pd.DataFrame:
    """Runs × claims: a symbol for each verdict, in brackets where it is a contrast."""
    rows = []
    for run in judged.session.runs:
        verdicts = {judged.name(c): judged.verdicts[c.qualified_id].get(run) for c in claims}
        if any(verdicts.values()):
            cells = {
                claim: _symbol(verdict) if verdict else "" for claim, verdict in verdicts.items()
            }
            rows.append({"run": run, **cells})
    return pd.DataFrame(rows)


def _symbol(verdict: Verdict) -> str:
    symbol = _SYMBOL[verdict.outcome]
    return f"({symbol})" if verdict.contrast else symbol


def _cell(judged: Judged, verdict: Verdict) -> str:
    text = worded(verdict)
    if verdict.contrast:
        text += " (contrast)"
    elif verdict.outcome is Outcome.REFUTED:
        text += " (known)" if judged.known(verdict) else " (new)"
    if verdict.decided and not judged.survives(verdict):
        text += f" {NOT_SURVIVING}"
    return text


def worded(verdict: Verdict | Pooled) -> str:
    """A verdict in words, with whose line it is decided by where that is ours."""
    text = f"{_SYMBOL[verdict.outcome]} {verdict.outcome}"
    by_ours = verdict.claim.threshold.origin is Origin.OURS
    if by_ours and verdict.outcome is Outcome.SUPPORTED:
        text += " (our line)"
    return text


def asked_for(claim: Claim) -> str:
    """A claim's line and who drew it."""
    return f"{claim.threshold} ({claim.threshold.origin})"


def runs_taken(runs: Sequence[str], left_out: Sequence[str]) -> str:
    """How many runs a pool took: ``24 runs``, or ``20 of 24 runs``."""
    of = f" of {len(runs) + len(left_out)}" if left_out else ""
    return f"{len(runs)}{of} runs"


def pooled(judged: Judged, claims: Sequence[Claim]) -> pd.DataFrame:
    """One row per claim and group of runs: the verdict over all of them."""
    return pd.DataFrame(
        [
            {
                "claim": judged.name(claim),
                "over": f"{one.over}, {runs_taken(one.runs, one.left_out)}"
                + (f", {BEYOND}" if one.beyond else ""),
                "verdict": worded(one),
                "ours [interval]": one.value,
                "asked for": asked_for(claim),
                paper_column(claim): claim.printed.statistic,
                "p": f"{one.p_value:.2g}",
                "df": f"{one.df:.1f}",
                "beyond its controls": "; ".join(f"{n}: {c.value}" for n, c in one.controls.items())
                or "–",
                "by our weaker line": practical(one),
            }
            for claim in claims
            for one in judged.pooled.get(claim.qualified_id, [])
        ]
    )


def beyond(verdict: Verdict) -> str:
    """The verdict on what is beyond the baselines, in words with its number; a dash without one."""
    own = verdict.beyond
    if own is None:
        return "–"
    number = f" {own.value}" if own.value else ""
    return f"{own.outcome}{number}" if number or not own.reason else f"{own.outcome}: {own.reason}"


def gains(judged: Judged) -> pd.DataFrame:
    """What each shown run learned: its gain taken apart, and what of its steps is exact."""
    rows = []
    for run in judged.shown.runs:
        if (found := judged.gains.get(run)) is None:
            continue
        rows.append(
            {
                "run": run,
                "base": f"{found.base.estimate:.3f}",
                **{f"+ {name}": _part(part) for name, part in found.parts.items()},
                "= trained": f"{found.full.estimate:.3f}",
                "beyond is told": "yes" if found.told else "no",
                "strictest baseline": f"{found.strictest.method}, {found.bar.estimate:.3f}",
                "exact steps": "–" if found.exact is None else f"{found.exact:.3f}",
            }
        )
    return pd.DataFrame(rows)


def _part(part: Interval) -> str:
    return "0" if part.estimate == part.low == part.high == 0 else str(part)


def practical(verdict: Verdict | Pooled) -> str:
    """What is said by the claim's practical line; a dash where there is none."""
    line, outcome = verdict.claim.practical, verdict.practical
    if line is None or outcome is None:
        return "–"
    words = {Outcome.SUPPORTED: "holds", Outcome.MEASURED: "missed"}
    return f"{line}: {words.get(outcome, 'open')}"


def runs(session: Session) -> pd.DataFrame:
    """What each run is, and whether it learned: base and final accuracy."""
    rows = []
    scored = {score.provenance.run for score in session.scores}
    for name, record in session.runs.items():
        learned = learning(session.evidence(name), record.planned) if name in scored else None
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
    return f"did not learn ({learned.gain})" if learned.failed else f"yes, by {learned.gain}"


def verdict_rows(judged: Judged, claim: Claim) -> pd.DataFrame:
    """One row per shown run: the statistic with its interval, the verdict, p alone and among all.

    Nulls and notes have a column where there are any.
    """
    rows = [
        {
            "run": run,
            "verdict": _cell(judged, verdict),
            "ours [interval]": verdict.value or "–",
            "at": verdict.level,
            "asked for": asked_for(claim),
            paper_column(claim): claim.printed.statistic,
            "p (adjusted)": _p(judged, verdict),
            "told with 80 %": f"±{verdict.detectable:.3f}"
            if np.isfinite(verdict.detectable)
            else "–",
            "by our weaker line": practical(verdict),
            BEYOND: beyond(verdict),
            claim.units: verdict.units,
            **{_control(name, c): c.value for name, c in verdict.controls.items()},
            "note": verdict.note,
        }
        for run, verdict in judged.of_claim(claim).items()
    ]
    frame = pd.DataFrame(rows).fillna("–")
    idle = [] if any(row["note"] for row in rows) else ["note"]
    if not claim.of_a_sample:
        idle += ["at", "p (adjusted)", "told with 80 %"]
    if claim.practical is None:
        idle.append("by our weaker line")
    if all(verdict.beyond is None for verdict in judged.of_claim(claim).values()):
        idle.append(BEYOND)
    return frame.drop(columns=idle)


def _control(name: str, control: Control) -> str:
    return f"{'ceiling' if control.ceiling else 'null'}: {name}"


def _p(judged: Judged, verdict: Verdict) -> str:
    adjusted = judged.p_adjusted(verdict)
    return f"{verdict.p_value:.2g}" + ("" if adjusted is None else f" ({adjusted:.2g})")


def by_task(claim: Claim, evidence: Evidence, *, majorities: bool) -> pd.DataFrame:
    """Per task of a claim's variants, in per cent: mean@k / pass@k, and maj@k where asked for.

    Laid out as the paper's Table 1; k is the number of samples.
    """
    metrics = (Score.task_accuracy, Score.task_pass, Score.task_majority)[: 2 + majorities]
    rows = []
    for point in evidence.points(claim):
        score = evidence.score(point.variant)
        values = np.array([[100 * metric(score, t) for metric in metrics] for t in score.tasks])
        named = zip((*score.tasks, "Avg."), (*values, values.mean(axis=0)), strict=True)
        cells = {task: " / ".join(f"{value:.1f}" for value in row) for task, row in named}
        rows.append({"variant": point.name, **cells})
    return pd.DataFrame(rows)


def is_played(evidence: Evidence) -> bool:
    """Whether a run was scored on games."""
    return set(evidence.tasks) <= set(GAME_TASKS)


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


def markdown(frame: pd.DataFrame) -> str:
    """A GitHub table of a frame's text, which holds no markup; intervals keep their own form."""
    if frame.empty:
        return "None."
    shown = frame.astype(str).map(plain).set_axis([plain(name) for name in frame.columns], axis=1)
    text = str(shown.to_markdown(index=False, disable_numparse=True))
    if text.find("\n") <= _WIDE:
        return text
    # Columns that fit no screen are not aligned for one.
    head, rule, *rows = (re.sub(" {2,}", " ", line) for line in text.splitlines())
    return "\n".join([head, re.sub("-{4,}", "---", rule), *rows])
