"""The paper's errata as Markdown: what its own numbers contradict, with the arithmetic."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from alpharl_bench.printed import Outcome, Reading, read_averages, read_statements
from alpharl_bench.reporting.tables import markdown

_INTRODUCTION = """\
Every sentence of the paper that states a result or a count is checked against its tables and its \
other sentences, every average against its columns. Rounding has the benefit of the doubt: what is \
contradicted is so whatever the printed numbers were rounded from."""


def section() -> str:
    """The section of a report: the sentences that are contradicted, and how many averages are."""
    statements, averages = read_statements(), read_averages()
    rows = [
        {"the paper says": r.text, "place": r.place, "its numbers say": r.arithmetic}
        for r in _of(statements, "contradicted")
    ]
    return "\n".join(
        [
            "## The paper's own numbers",
            "",
            _INTRODUCTION,
            f"Sentences: {_counted(statements)}. Averages: {_counted(averages)}.",
            "`alpharl-bench paper` lists all that is not consistent.",
            "",
            markdown(pd.DataFrame(rows)),
            "",
        ]
    )


def errata() -> str:
    """All that is not consistent, in lists that can be read as text too."""
    statements, averages = read_statements(), read_averages()
    return "\n".join(
        [
            f"## Sentences: {_counted(statements)}",
            "",
            *map(_item, _of(statements, "contradicted")),
            "",
            "No table has the numbers behind these:",
            "",
            *map(_item, _of(statements, "not printed")),
            "",
            f"## Averages: {_counted(averages)}",
            "",
            *(f"- {r.place}: {r.text}, but {r.arithmetic}" for r in _of(averages, "contradicted")),
        ]
    )


def _item(reading: Reading) -> str:
    found = [f"*{reading.arithmetic}.*"] if reading.arithmetic else []
    return " ".join([f"- {reading.place}: “{reading.text}”.", *found, reading.note])


def _of(readings: Sequence[Reading], outcome: Outcome) -> list[Reading]:
    return [reading for reading in readings if reading.outcome == outcome]


def _counted(readings: Sequence[Reading]) -> str:
    counts = Counter(reading.outcome for reading in readings)
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
