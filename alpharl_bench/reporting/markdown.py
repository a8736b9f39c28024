"""The report: a summary matrix, then a section per claim."""

import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from alpharl_bench.cache import write_whole
from alpharl_bench.claims import CLAIMS, Claim, Outcome, Verdict, holm, judge
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting import (
    behaviour,
    dynamics,
    forecasts,
    kinds,
    self_play,
    tables,
    windows,
)
from alpharl_bench.reporting.figures import draw, draw_trajectories
from alpharl_bench.reporting.session import Session, load_session
from alpharl_bench.variants import BASE

_INTRODUCTION = """\
# Rank-1 Dominance, claim by claim

Verdicts on claims of *On Predictability of Reinforcement Learning Dynamics for LLMs* \
(arXiv 2510.00553), judged on the training runs below. **supported**: the interval of the \
statistic lies wholly where the claim holds; **refuted**: wholly where it does not; \
**inconclusive**: the threshold lies within it; **not informative**: it holds, but a null, in \
which there is nothing to find, does not clearly fail. Accuracies are means over tasks of the mean \
over each task's questions. Intervals are paired bootstraps over questions, each with all its \
samples; they do not cover another training seed. They are at 95 %; a verdict's is at more where \
scores were looked at before all samples were taken, so that all looks together err as rarely as \
one. \
Numbers of the paper are from models of 7 to 32 billion parameters: another scale than the nano \
lane.

- Relative accuracy = accuracy / accuracy of the fully trained model. It flatters, because the \
untrained base scores well above 0 by it. So beside it stands the recovered gain = \
(accuracy − base) / (fully trained − base): 0 for the base, 1 for the trained model.
- Control: a random rank-1 update with the norm of the trained update in every module.
"""


_RESPONSES = """\
All responses of a run, of all its variants, by what became of them. *Cut off* are answers that \
grading gave up on: too long, or over its limits of time, memory or depth. They count as wrong, \
and so do responses without a final answer, as which matches count that a forbidden move lost."""

_CONTRAST = """\
*contrast*: the claim is about another kind of training than this run's. Refuted there, it has not \
failed but is as the paper expects; supported there, it does not set RL apart."""

_STORED = """\
- Every figure above is a function of `scores.jsonl` and `session.json` beside this file: \
`alpharl-bench report DIR` makes it again."""


def write_report(folder: Path) -> Path:
    """Make ``report.md`` and its figures from the session and scores stored in ``folder``.

    Raises:
        AlphaRLBenchError: there is no session, a score is missing, or the folder is read-only.
    """
    session = load_session(folder)
    verdicts = _verdicts(session)
    adjusted = holm(verdict for by_run in verdicts.values() for verdict in by_run.values())
    sections = [_INTRODUCTION, _overview(verdicts, session, adjusted)]
    try:
        for claim_id, by_run in verdicts.items():
            claim = CLAIMS[claim_id]
            figure = Path("figures") / f"{claim.curve.name}.png"
            draw(claim, [session.evidence(run, claim_id) for run in by_run], folder / figure)
            sections.append(_section(claim, by_run, session, adjusted, figure))
        for run in session.runs:
            evidence = session.evidence(run)
            if dynamics.pictured(evidence):
                draw_trajectories(evidence, folder / "figures" / dynamics.picture_name(run))
        sections += [
            *behaviour.sections(session),
            *dynamics.sections(session),
            *windows.sections(session),
            *forecasts.sections(session),
            *kinds.sections(session),
            *self_play.sections(session),
            _provenance(session),
        ]
        report = folder / "report.md"
        write_whole(report, "\n".join(sections))
    except OSError as error:
        raise AlphaRLBenchError(f"{folder}: cannot be written to ({error.strerror})") from error
    return report


def _verdicts(session: Session) -> dict[str, dict[str, Verdict]]:
    """Per claim, in the paper's order, the verdict of every run that was judged by it."""
    unknown = {c for record in session.runs.values() for c in record.claims} - set(CLAIMS)
    if unknown:
        raise AlphaRLBenchError(
            f"the stored session judged {', '.join(sorted(unknown))}, which this version of "
            "alpharl-bench does not know"
        )
    by_claim = {
        claim_id: {
            run: judge(claim, session.evidence(run, claim_id), looks=record.looks)
            for run, record in session.runs.items()
            if claim_id in record.claims
        }
        for claim_id, claim in CLAIMS.items()
    }
    return {claim_id: by_run for claim_id, by_run in by_claim.items() if by_run}


def _overview(
    verdicts: dict[str, dict[str, Verdict]],
    session: Session,
    adjusted: dict[tuple[str, str], float],
) -> str:
    family = [verdict for by_run in verdicts.values() for verdict in by_run.values()]
    contrasts = [verdict for verdict in family if verdict.contrast]
    counted = _counted(verdict for verdict in family if not verdict.contrast)
    if contrasts:
        counted += f"; for contrast {_counted(contrasts)}"
    decided = [verdict for verdict in family if verdict.decided]
    surviving = sum(tables.survives(verdict, adjusted) for verdict in decided)
    return "\n".join(
        [
            f"## Summary: {counted}",
            "",
            tables.markdown(tables.summary(verdicts, session, adjusted)),
            "",
            "*known*: the registry expects the refutation and says why; *new*: it does not.",
            *([_CONTRAST] if contrasts else []),
            "",
            (
                f"Every verdict has its own 5 % risk of being false. {surviving} of {len(decided)} "
                "decided ones survive Holm's correction, which holds the risk of any false one "
                f"among all {len(family)} at 5 %; {tables.NOT_SURVIVING} marks those that do not."
            ),
            "",
            "## Runs",
            "",
            tables.markdown(tables.runs(session)),
            "",
            _RESPONSES,
            "",
            tables.markdown(tables.responses(session)),
            "",
            *(
                f"- **{name}**: {record.source}. {record.deviations}".rstrip()
                for name, record in session.runs.items()
            ),
            "",
        ]
    )


def _counted(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(verdict.outcome for verdict in verdicts)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome)


def _section(
    claim: Claim,
    by_run: dict[str, Verdict],
    session: Session,
    adjusted: dict[tuple[str, str], float],
    figure: Path,
) -> str:
    lines = [
        f"## {claim.id} {claim.title}",
        "",
        f"> {claim.text}",
        "",
        f"Place in the paper: {claim.place}.",
        f"Statistic: {claim.reads}; the claim holds where it is {claim.threshold}.",
        *(["", f"Caveat: {claim.caveat}"] if claim.caveat else []),
        "",
        tables.markdown(tables.verdict_rows(claim, by_run, adjusted)),
        "",
        f"![{claim.title}]({figure.as_posix()})",
        "",
    ]
    for run in by_run:
        evidence = session.evidence(run, claim.id)
        lines += [f"**{run}**", ""]
        if claim.table in behaviour.TABLES:
            lines += [tables.markdown(behaviour.figures(claim, evidence)), ""]
            continue
        if claim.table == "dynamics":
            lines += ["By type of module below, under *Dynamics*.", ""]
            continue
        if claim.table == "spectrum":
            figures = tables.ranks if claim.all_singular_values else tables.norms
            lines += [tables.markdown(figures(evidence)), ""]
            continue
        lines += [tables.markdown(tables.points(claim, evidence)), ""]
        if claim.by_task:
            k = evidence.score(BASE).samples_per_question
            by_task = {
                f"Accuracy (mean@{k})": tables.task_accuracies,
                f"pass@{k}": tables.task_passes,
                f"maj@{k}": tables.task_majorities,
            }
            if self_play.is_played(evidence):
                # A match has a payoff and no answer that samples could agree on.
                del by_task[f"maj@{k}"]
            for metric, table in by_task.items():
                lines += [f"{metric} per task, %:", ""]
                lines += [tables.markdown(table(claim, evidence)), ""]
        known = session.runs[run].expect.get(claim.id)
        if known:
            lines += [f"Known to be {known.verdict}: {known.reason}", ""]
    lines += ["Reproduce:", "", "```", _command(claim, by_run, session), "```", ""]
    return "\n".join(lines)


def _command(claim: Claim, by_run: dict[str, Verdict], session: Session) -> str:
    alike: dict[tuple[str, ...], list[str]] = {}
    for run in by_run:
        alike.setdefault(session.runs[run].options, []).append(run)
    commands = []
    for options, runs in alike.items():
        several = ("-k", " or ".join(runs))  # of a lane
        chosen = session.runs[runs[0]].selected_by if len(runs) == 1 else several
        words = shlex.join([*chosen, *options])
        commands.append(f"""pytest suites -m "claim(id='{claim.id}')" {words}""")
    return "\n".join(commands)


def _provenance(session: Session) -> str:
    lines = [
        "## Provenance",
        "",
        f"- Session of {session.date}: `{session.command}`",
        _STORED,
    ]
    for run, origin in session.provenance.items():
        packages = ", ".join(f"{name} {v}" for name, v in origin.packages.items())
        asked = "all" if origin.questions_per_task is None else origin.questions_per_task
        lines.append(
            f"- {run}: run digest `{origin.run_digest}`, questions `{origin.sampling_key}` "
            f"({asked} per task, {origin.samples_per_question} samples a look, "
            f"seed {origin.seed}, prompt {origin.prompt}), engine {origin.engine} in "
            f"{origin.dtype} on {origin.device}, batches of {origin.batch_size}; {packages}"
        )
    return "\n".join([*lines, ""])
