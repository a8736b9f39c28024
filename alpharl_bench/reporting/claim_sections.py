"""A section per claim: what the paper says, the verdicts beside it, a figure, the command."""

import shlex
from collections.abc import Iterator, Sequence

from alpharl_bench.claims import Claim
from alpharl_bench.claims.papers import find_paper
from alpharl_bench.invocation import session_command
from alpharl_bench.reporting import tables
from alpharl_bench.reporting.judged import COLUMNS, ROWS, Judged
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.text import code, fenced, plain
from alpharl_bench.reporting.views import view_of


def chapter(judged: Judged, title: str, claims: Sequence[Claim]) -> list[str]:
    """The sections of those claims that were judged; none where none was."""
    found = [claim for claim in claims if claim.qualified_id in judged.verdicts]
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
    by_run = judged.of_claim(claim)
    yield from (f"### {judged.name(claim)} {plain(claim.title)}", "", f"> {plain(claim.text)}", "")
    yield f"Place in the paper: {plain(claim.paper_ref.place)}."
    reads = f"{plain(claim.statistic_label)}, {code(claim.formula)}"
    yield from (f"Statistic: {reads}; the claim holds where it is {tables.asked_for(claim)}.", "")
    if claim.caveat:
        yield from (f"Caveat: {plain(claim.caveat)}", "")
    if not by_run:
        yield from ("It was judged on none of the runs that are shown one by one.", "")
        return
    yield from (tables.markdown(tables.verdict_rows(judged, claim)), "")
    if judged.pooled.get(claim.qualified_id):
        over = tables.pooled(judged, [claim]).drop(columns="claim")
        yield from ("Over several runs:", "", tables.markdown(over), "")
    figure = judged.figure(claim)
    first = next(other for other in judged.curves[figure] if judged.of_claim(other))
    if first is claim:
        yield from (f"![{plain(claim.title)}](figures/{figure}.svg)", "")
    else:
        yield from (f"The figure is under {judged.name(first)}.", "")
    yield from view_of(claim).lines(judged, claim)
    reasons: dict[str, list[str]] = {}
    for run in by_run:
        if known := judged.session.runs[run].expect.get(claim.qualified_id):
            reasons.setdefault(f"{known.verdict}: {known.reason}", []).append(run)
    for reason, runs in reasons.items():
        yield from (f"Known of {', '.join(map(plain, runs))} to be {plain(reason)}", "")
    yield from ("Reproduce:", "", *fenced(commands(claim, list(by_run), judged.session)), "")


def commands(claim: Claim, runs: Sequence[str], session: Session) -> list[str]:
    """What makes the verdicts of these runs again, a command for all that have the same options."""
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for run in runs:
        record = session.runs[run]
        # The runs of a lane end in -k and a name, and go together; one of a folder is alone.
        of_lane = record.selected_by[-2:] == ("-k", run)
        lane = record.selected_by[:-1] if of_lane else record.selected_by
        alike.setdefault((lane, record.options), []).append(run)
    found, session_typed = [], session_command(package=find_paper(claim.paper_ref.paper).suites)
    for (lane, options), named in alike.items():
        names = [" or ".join(named)] if lane[-1] == "-k" else []
        words = shlex.join([*lane, *names, *options])
        found.append(f"""{session_typed} -m "claim(id='{claim.id}')" {words}""")
    return found
