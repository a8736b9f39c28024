"""A paper's errata as Markdown: what its own numbers contradict, with the arithmetic."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from alpharl_bench.claims.paper import Paper
from alpharl_bench.claims.papers import find_paper, load_papers
from alpharl_bench.printed import Outcome, PaperCheck, read_averages, read_statements
from alpharl_bench.reporting.tables import markdown

_INTRODUCTION = """\
Every sentence of the paper that states a result or a count is checked against its tables and its \
other sentences, every average against its columns. A contradiction holds for all values that \
round to the printed numbers. An editorial slip, or a sentence that one reading makes right, is no \
contradiction."""
# Behind a number.
_COUNTED: dict[Outcome, str] = {
    "editorial slip": "with an editorial slip",
    "depends on a reading": "depending on a reading",
}
#: The sentences that are listed, and what stands above each list.
_LISTS: dict[Outcome, str] = {
    "contradicted": "The arithmetic of what is printed contradicts these:",
    "editorial slip": "In these a reference, a number or a name is a slip:",
    "depends on a reading": "These do not hold in the reading that is given, and may in another:",
    "not printed": "No table has the numbers behind these:",
}


def section(paper: Paper) -> list[str]:
    """The section of a report: the sentences that are contradicted, and how many averages are.

    There is none of a paper of which nothing printed is here.
    """
    statements, averages = read_statements(paper.folder), read_averages(paper.folder)
    if not (statements or averages):
        return []
    rows = [
        {"the paper says": r.text, "place": r.place, "its numbers say": r.arithmetic}
        for r in _of(statements, "contradicted")
    ]
    first = next(iter(load_papers())) == paper.arxiv
    command = "alpharl-bench paper" if first else f"alpharl-bench paper {paper.arxiv}"
    lines = [
        "## The paper's own numbers",
        "",
        _INTRODUCTION,
        f"Sentences: {_counted(statements)}. Averages: {_counted(averages)}.",
        f"`{command}` lists all that is not consistent.",
        "",
        markdown(pd.DataFrame(rows)),
        "",
    ]
    return ["\n".join(lines)]


def errata(arxiv: str | None = None) -> str:
    """All that is not consistent in a paper, in lists that can be read as text too.

    Args:
        arxiv: the paper's id; without it the first paper.

    Raises:
        AlphaRLBenchError: the paper is not here.
    """
    paper = find_paper(arxiv or next(iter(load_papers())))
    statements, averages = read_statements(paper.folder), read_averages(paper.folder)
    return "\n".join(
        [
            f"## Sentences: {_counted(statements)}",
            "",
            *_lists(statements),
            f"## Averages: {_counted(averages)}",
            "",
            *(f"- {r.place}: {r.text}, but {r.arithmetic}" for r in _of(averages, "contradicted")),
        ]
    )


def _lists(statements: Sequence[PaperCheck]) -> list[str]:
    listed = {title: _of(statements, outcome) for outcome, title in _LISTS.items()}
    return [
        line
        for title, checks in listed.items()
        if checks
        for line in (title, "", *map(_item, checks), "")
    ]


def _item(check: PaperCheck) -> str:
    found = [f"*{check.arithmetic}.*"] if check.arithmetic else []
    return " ".join([f"- {check.place}: “{check.text}”.", *found, check.note])


def _of(checks: Sequence[PaperCheck], outcome: Outcome) -> list[PaperCheck]:
    return [check for check in checks if check.outcome == outcome]


def _counted(checks: Sequence[PaperCheck]) -> str:
    counts = Counter(check.outcome for check in checks)
    order: tuple[Outcome, ...] = ("consistent", *_LISTS)
    told = [f"{counts[name]} {_COUNTED.get(name, name)}" for name in order if counts[name]]
    return ", ".join(told) or "none"
