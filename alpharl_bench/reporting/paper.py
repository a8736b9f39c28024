"""The paper's errata as Markdown: what its own numbers contradict, with the arithmetic."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from alpharl_bench.paper import Reading, read_averages, read_statements
from alpharl_bench.reporting.tables import markdown

_INTRODUCTION = """\
Every sentence of the paper that states a result or a count is checked against its tables and its \
other sentences, every average against its columns. Rounding has the benefit of the doubt: what is \
contradicted is so whatever the printed numbers were rounded from."""


def section() -> str:
    """The section of a report: the sentences that are contradicted, and how many averages are."""
    statements, averages = read_statements(), read_averages()
    return "\n".join(
        [
            "## The paper's own numbers",
            "",
            _INTRODUCTION,
            f"Sentences: {_counted(statements)}. Averages: {_counted(averages)}.",
            "`alpharl-bench paper` lists all that is not consistent.",
            "",
            markdown(sentences(_of(statements, "contradicted"))),
            "",
        ]
    )


def errata() -> str:
    """All that is not consistent: sentences with how they were read, and averages."""
    statements, averages = read_statements(), read_averages()
    unprinted = [[r.text, r.place, r.note] for r in _of(statements, "not printed")]
    return "\n".join(
        [
            _INTRODUCTION,
            "",
            f"## Sentences: {_counted(statements)}",
            "",
            markdown(sentences(_of(statements, "contradicted"), notes=True)),
            "",
            "Not printed: no table has the numbers behind these.",
            "",
            markdown(pd.DataFrame(unprinted, columns=["sentence", "place", "note"])),
            "",
            f"## Averages: {_counted(averages)}",
            "",
            markdown(sentences(_of(averages, "contradicted"))),
            "",
        ]
    )


def sentences(readings: Sequence[Reading], *, notes: bool = False) -> pd.DataFrame:
    """One row per reading: what is said, where, the arithmetic, and the note on request."""
    rows = [
        {
            "the paper says": reading.text,
            "place": reading.place,
            "its numbers say": reading.arithmetic,
            **({"note": reading.note} if notes else {}),
        }
        for reading in readings
    ]
    return pd.DataFrame(rows)


def _of(readings: Sequence[Reading], outcome: str) -> list[Reading]:
    return [reading for reading in readings if reading.outcome == outcome]


def _counted(readings: Sequence[Reading]) -> str:
    counts = Counter(reading.outcome for reading in readings)
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
