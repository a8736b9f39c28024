"""The tables of results in the documents, from the results that are committed beside them.

    python -m benchmarks.findings

Between ``<!-- findings: NAME -->`` and ``<!-- end -->`` a document has what the function of that
name makes of ``reports/``. Nothing there is typed by hand; a test fails where a document differs.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import typer
from tabulate import tabulate

from alpharl_bench.cache import write_whole
from alpharl_bench.reporting.results import (
    Bounds,
    PooledRecord,
    Results,
    VerdictRecord,
    load_results,
)

ROOT = Path(__file__).parents[1]
_PLACE = re.compile(r"(<!-- findings: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SYMBOL = {
    "supported": "✓",
    "refuted": "✗",
    "inconclusive": "?",
    "not informative": "≈",
    "measured": "·",
}


@cache
def report(name: str) -> Results:
    """The results of a committed report."""
    return load_results(ROOT / "reports" / name)


def verdict(name: str, claim: str, run: str) -> VerdictRecord | None:
    """A verdict of a report, None where the claim was not judged on the run."""
    found = [v for v in report(name).verdicts if (v.claim, v.run) == (claim, run)]
    return found[0] if found else None


def pooled(name: str, claim: str, over: str = "bases") -> PooledRecord:
    """A verdict of a report over several runs; ``over`` is how its clusters are named."""
    (found,) = [p for p in report(name).pooled if p.claim == claim and p.over.endswith(over)]
    return found


def number(value: Bounds | None, digits: int = 3) -> str:
    """As in a table: ``0.933 [0.885, 0.982]``, or the number alone where there is no interval."""
    if value is None:
        return "–"
    if value.low is None or value.high is None:
        return f"{value.estimate:.{digits}f}"
    return f"{value.estimate:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def cell(found: VerdictRecord | PooledRecord | None) -> str:
    """A symbol and a number; empty where nothing was judged."""
    return f"{_SYMBOL[found.outcome]} {number(found.value)}" if found else ""


def asked(name: str, claim: str) -> str:
    """What a claim asks for, and whose line it is."""
    record = report(name).claims[claim]
    low, high = record.threshold.low, record.threshold.high
    parts = [f"≥ {low:g}" if low is not None else "", f"≤ {high:g}" if high is not None else ""]
    return f"{' '.join(filter(None, parts))} ({record.origin.value})"


def by_run(name: str, runs: Sequence[str], claims: Iterable[str] | None = None) -> str:
    """Claims × runs of a report, with what each claim asks for.

    Args:
        name: the report.
        runs: the runs, a column each.
        claims: the claims; by default all that were judged on one of the runs.
    """
    known = report(name)
    judged = {v.claim for v in known.verdicts if v.run in runs}
    rows = [
        [f"{claim} {known.claims[claim].title}", *(cell(verdict(name, claim, r)) for r in runs)]
        + [asked(name, claim)]
        for claim in (claims or known.claims)
        if claim in judged
    ]
    return tabulate(rows, ["claim", *runs, "asks for"], "github", disable_numparse=True)


def over_runs(name: str) -> str:
    """The claims of a report over several runs."""
    rows = [
        [f"{p.claim} {report(name).claims[p.claim].title}", f"{p.over}, {len(p.runs)} runs"]
        + [cell(p), asked(name, p.claim)]
        for p in report(name).pooled
    ]
    return tabulate(rows, ["claim", "over", "ours", "asks for"], "github", disable_numparse=True)


def spread(name: str, claim: str, runs: Iterable[str], digits: int = 2) -> str:
    """The range of a claim's numbers over runs: ``0.93 to 0.98``."""
    values = [v.value.estimate for r in runs if (v := verdict(name, claim, r)) and v.value]
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def counted(name: str, claim: str, runs: Sequence[str]) -> str:
    """How many runs have which outcome: ``refuted on 5, inconclusive on 4 of 9``."""
    outcomes = [v.outcome for r in runs if (v := verdict(name, claim, r))]
    told = [f"{o} on {outcomes.count(o)}" for o in _SYMBOL if o in outcomes]
    return f"{', '.join(told)} of {len(outcomes)}"


def runs_of(name: str, *, kind: str = "RL", containing: str = "") -> list[str]:
    """The runs of a report of one kind of training, by a part of their names."""
    return [run for run, r in report(name).runs.items() if r.kind == kind and containing in run]


#: What stands in the documents, by name.
FINDINGS: dict[str, Callable[[], str]] = {}


def written(text: str) -> str:
    """A document with its tables made anew.

    Raises:
        KeyError: it names a table that there is not.
    """
    return _PLACE.sub(lambda m: f"{m[1]}{FINDINGS[m[2]]()}\n{m[3]}", text)


def documents() -> list[Path]:
    """The documents that have such tables."""
    paths = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    return [path for path in paths if _PLACE.search(path.read_text(encoding="utf-8"))]


def main() -> None:
    """Write the tables into the documents."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        write_whole(path, written(text))
        typer.echo(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    typer.run(main)
