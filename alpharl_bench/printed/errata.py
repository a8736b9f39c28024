"""What is found of every printed average and every sentence, beside what is known of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alpharl_bench.printed.finding import Finding, Printed
from alpharl_bench.printed.load import load_statements, load_tables
from alpharl_bench.printed.statement import Outcome, Statement
from alpharl_bench.printed.table import RECOMPUTED, Average, Table

# What a finding that fails is where it is known not to contradict the paper.
_LESSER: tuple[Outcome, ...] = ("editorial slip", "depends on a reading")


@dataclass(frozen=True)
class PaperCheck:
    """One thing that the paper says, and what its own numbers say of it.

    ``known`` is the outcome that the paper's data expect.
    """

    id: str
    text: str
    place: str
    known: Outcome
    findings: tuple[Finding, ...]
    note: str = ""

    @property
    def outcome(self) -> Outcome:
        """``consistent`` where every finding holds."""
        if not self.findings:
            return "not printed"
        if all(finding.holds for finding in self.findings):
            return "consistent"
        return self.known if self.known in _LESSER else "contradicted"

    @property
    def arithmetic(self) -> str:
        """The findings that do not hold; all of them where none does not."""
        failing = [finding for finding in self.findings if not finding.holds]
        return "; ".join(finding.arithmetic for finding in failing or self.findings)

    def __str__(self) -> str:
        """In one line."""
        reason = self.arithmetic or self.note
        return f"{self.place}: “{self.text}”, {self.outcome}: {reason}"


def read_paper(folder: Path) -> list[PaperCheck]:
    """Everything that is checked of a paper: the sentences, then the averages."""
    return [*read_statements(folder), *read_averages(folder)]


def read_statements(folder: Path) -> list[PaperCheck]:
    """A check for every statement of a paper.

    Args:
        folder: the folder of the paper, with its ``tables`` and ``statements``.
    """
    statements = load_statements(folder)
    printed = Printed(load_tables(folder), {name: s.quote for name, s in statements.items()})
    return [_of_statement(statement, printed) for statement in statements.values()]


def read_averages(folder: Path) -> list[PaperCheck]:
    """A check for every row of a paper with an average, recomputed from its columns.

    The mean of rounded columns is known to half a unit, and so is what was printed: they differ
    where they are more than a unit apart. A row that another table prints again counts once.
    """
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], PaperCheck] = {}
    for table in load_tables(folder).values():
        if table.average is None:
            continue
        for number, block in enumerate(table.blocks):
            for row in block.rows:
                check = _of_average(table, table.average, number, row[0])
                found.setdefault((table.average.of, row), check)
    return list(found.values())


def _of_statement(statement: Statement, printed: Printed) -> PaperCheck:
    def findings() -> Iterator[Finding]:
        for check in statement.checks:
            yield from check.findings(printed, statement.quote)

    return PaperCheck(
        id=statement.id,
        text=statement.quote,
        place=statement.place,
        known=statement.known,
        findings=tuple(findings()),
        note=statement.note,
    )


def _of_average(table: Table, average: Average, number: int, label: str) -> PaperCheck:
    block = table.blocks[number]
    stated = table.number(block, label, average.column)
    right = table.number(block, label, RECOMPUTED)
    cells = [table.cell(block, label, name) for name in average.of]
    printed = table.cell(block, label, average.column)
    arithmetic = f"({' + '.join(cells)}) / {len(cells)} = {float(right.value):.3f}"
    return PaperCheck(
        # No name of a model or an algorithm: -k selects runs by these.
        id=f"{table.id}-block-{number + 1}-{label.replace(' ', '-')}",
        text=f"{block.name}, {label}: {average.column} {printed}",
        place=table.place,
        known="contradicted" if label in block.misprinted else "consistent",
        findings=(Finding(arithmetic, stated.meets(right)),),
    )
