"""A section per claim: what the paper says, the verdicts beside it, a figure, the command."""

import shlex
from collections.abc import Iterator, Sequence

import pandas as pd

from alpharl_bench.claims import Claim
from alpharl_bench.claims.measures import relative_accuracy
from alpharl_bench.reporting import behaviour, tables
from alpharl_bench.reporting.judged import COLUMNS, ROWS, Judged, curves
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.text import code, fenced, folded, plain

#: So many runs have their intervals beside the paper's numbers; of more the estimates are shown.
_WITH_INTERVALS = 3


def chapter(judged: Judged, title: str, claims: Sequence[Claim]) -> list[str]:
    """The sections of those claims that were judged; none where none was."""
    found = [claim for claim in claims if claim.id in judged.verdicts]
    if not found:
        return []
    lines = [f"## {title}", ""]
    if COLUMNS < len(judged.session.runs) <= ROWS:
        lines += [tables.markdown(tables.matrix(judged, found)), ""]
        lines += [f"{tables.LEGEND}; in brackets for contrast; empty where not judged.", ""]
    for claim in found:
        lines += _section(judged, claim)
    return ["\n".join(lines)]


def _section(judged: Judged, claim: Claim) -> Iterator[str]:
    by_run = judged.of_claim(claim.id)
    yield from (f"### {claim.id} {plain(claim.title)}", "", f"> {plain(claim.text)}", "")
    yield f"Place in the paper: {plain(claim.place)}."
    reads = f"{plain(claim.reads)}, {code(claim.formula)}"
    yield from (f"Statistic: {reads}; the claim holds where it is {claim.threshold}.", "")
    if claim.caveat:
        yield from (f"Caveat: {plain(claim.caveat)}", "")
    if not by_run:
        yield from ("It was judged on none of the runs that are shown one by one.", "")
        return
    yield from (tables.markdown(tables.verdict_rows(judged, claim)), "")
    alike = curves(judged.verdicts)[claim.curve.name]
    first = next(other for other in alike if judged.of_claim(other.id))
    if first is claim:
        yield from (f"![{plain(claim.title)}](figures/{claim.curve.name}.svg)", "")
    else:
        yield from (f"The figure is under {first.id}.", "")
    if claim.table == "dynamics":
        yield from ("By type of module below, under *Dynamics*.", "")
    elif not claim.sampled:
        yield from _figures(judged, claim)
    elif claim.paper.points:
        yield from (f"Relative accuracy beside the {tables.PAPER_COLUMN}:", "")
        yield from (tables.markdown(beside_the_paper(judged, claim)), "")
    reasons: dict[str, list[str]] = {}
    for run in by_run:
        if known := judged.session.runs[run].expect.get(claim.id):
            reasons.setdefault(f"{known.verdict}: {known.reason}", []).append(run)
    for reason, runs in reasons.items():
        yield from (f"Known of {', '.join(map(plain, runs))} to be {plain(reason)}", "")
    yield from ("Reproduce:", "", *fenced(commands(claim, list(by_run), judged.session)), "")


def _figures(judged: Judged, claim: Claim) -> Iterator[str]:
    """What was measured of modules or chains, by run."""
    for run in judged.of_claim(claim.id):
        evidence = judged.session.evidence(run, claim.id)
        if claim.table in behaviour.TABLES:
            frame = behaviour.figures(claim, evidence)
        else:
            frame = (tables.ranks if claim.all_singular_values else tables.norms)(evidence)
        yield from folded(run, [tables.markdown(frame)])


def beside_the_paper(judged: Judged, claim: Claim) -> pd.DataFrame:
    """One row per variant of which the paper has a number, one column per run."""
    by_run = judged.of_claim(claim.id)
    rows: dict[str, dict[str, object]] = {}
    for run in by_run:
        evidence = judged.session.evidence(run, claim.id)
        for point in claim.curve.points(evidence.steps):
            if point.name in claim.paper.points:
                ours = relative_accuracy(evidence, point)
                shown = ours if len(by_run) <= _WITH_INTERVALS else ours and f"{ours.estimate:.3f}"
                rows.setdefault(point.name, {})[run] = shown or "–"
    paper = {tables.PAPER_COLUMN: claim.paper.points}
    return pd.DataFrame(
        [
            {"variant": name, **cells, **{title: paper[title][name] for title in paper}}
            for name, cells in rows.items()
        ]
    )


def commands(claim: Claim, runs: Sequence[str], session: Session) -> list[str]:
    """What makes the verdicts of these runs again, a command for all that have the same options."""
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for run in runs:
        record = session.runs[run]
        # The runs of a lane end in -k and a name, and go together; one of a folder is alone.
        of_lane = record.selected_by[-2:] == ("-k", run)
        lane = record.selected_by[:-1] if of_lane else record.selected_by
        alike.setdefault((lane, record.options), []).append(run)
    found = []
    for (lane, options), named in alike.items():
        names = [" or ".join(named)] if lane[-1] == "-k" else []
        words = shlex.join([*lane, *names, *options])
        found.append(f"""pytest suites -m "claim(id='{claim.id}')" {words}""")
    return found
