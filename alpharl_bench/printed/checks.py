"""The arithmetic that a sentence is checked by: what its TOML entry says, and what it finds.

Rounding is given the benefit of the doubt: a comparison fails only where it fails for all numbers
that print like those of the paper.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.printed.finding import Finding, Printed
from alpharl_bench.printed.rounded import Bound, Rounded
from alpharl_bench.printed.table import RECOMPUTED, Block, Entry, Table


def _a_bound(text: str) -> str:
    try:
        Bound.parse(text)
    except AlphaRLBenchError as error:
        raise ValueError(str(error)) from error
    return text


Words = Annotated[tuple[str, ...], Field(min_length=1)]
_Pair = tuple[str, str]
_Bound = Annotated[str, AfterValidator(_a_bound)]


def _title(table: Table) -> str:
    return table.id.replace("-", " ").capitalize()


def _labels(table: Table) -> list[str]:
    """What stands above and beside the cells of a table."""
    beside = [label for block in table.blocks for label in (block.name, *block.labels)]
    return [*table.columns[1:], *beside]


def _compared(text: str, number: Rounded, bound: str, label: str = "") -> Finding:
    """A finding on one number, with what it came from and what it is compared with."""
    holds = Bound.parse(bound).allows(number)
    where = f"{label}: " if label else ""
    # '= 8' is read after an equation, 'not 8' after anything.
    said = bound if holds else f"not {bound.removeprefix('= ')}"
    return Finding(f"{where}{text}, {said}", holds)


class Cells(Entry):
    """One cell compared with another of its block, in every named block and pair of columns.

    ``rows`` are pairs of labels. A column is a name, or a pair where the cells stand in two;
    ``recomputed`` is the average of the columns that the printed average is of.
    """

    kind: Literal["ratio", "difference"]
    table: str
    blocks: Words | None = None
    rows: tuple[_Pair, ...] = Field(min_length=1)
    columns: tuple[str | _Pair, ...] = Field(min_length=1)
    bound: _Bound

    def findings(self, printed: Printed, _: str) -> Iterator[Finding]:
        """One for every pair of cells."""
        table = printed.table(self.table)
        for block in table.chosen(self.blocks):
            for columns in self.columns:
                for rows in self.rows:
                    yield self._finding(table, block, rows, columns)

    def _finding(
        self, table: Table, block: Block, rows: tuple[str, str], columns: str | tuple[str, str]
    ) -> Finding:
        named = (columns, columns) if isinstance(columns, str) else columns
        left, right = (
            table.number(block, row, column) for row, column in zip(rows, named, strict=True)
        )
        result, sign = (left / right, "/") if self.kind == "ratio" else (left - right, "−")
        pairs = (" against ".join(dict.fromkeys(pair)) for pair in (rows, named))
        label = ", ".join(filter(None, [_title(table), block.name, *pairs]))
        shown = (
            f"{float(number.value):.2f}" if column == RECOMPUTED else table.cell(block, row, column)
            for number, row, column in zip((left, right), rows, named, strict=True)
        )
        return _compared(f"{f' {sign} '.join(shown)} = {result}", result, self.bound, label)


class Cell(Entry):
    """Single cells compared with what the sentence says of them."""

    kind: Literal["cell"]
    table: str
    rows: Words
    column: str
    bound: _Bound

    def findings(self, printed: Printed, _: str) -> Iterator[Finding]:
        """One for every row of every block."""
        table = printed.table(self.table)
        for block in table.blocks:
            for row in self.rows:
                number = table.number(block, row, self.column)
                label = ", ".join(filter(None, [_title(table), block.name, row, self.column]))
                yield _compared(table.cell(block, row, self.column), number, self.bound, label)


class Count(Entry):
    """How many different things there are: ``items`` of the sentence, or rows of a table.

    With a ``column`` its different entries are counted, with ``averaged`` the columns that the
    average is of.
    """

    kind: Literal["count"]
    items: Words | None = None
    table: str | None = None
    column: str | None = None
    averaged: bool = False
    bound: _Bound

    def findings(self, printed: Printed, quote: str) -> Iterator[Finding]:
        """One: the number, and what was counted; items that the sentence lacks are an error."""
        if missing := [item for item in self.items or () if item not in quote]:
            raise AlphaRLBenchError(f"the sentence has no '{missing[0]}'")
        things = self._things(printed)
        named = f" ({', '.join(things)})" if self.items or self.column or self.averaged else " rows"
        text = f"{len(things)}{named}"
        yield _compared(text, Rounded(*(Fraction(len(things)),) * 3), self.bound)

    def _things(self, printed: Printed) -> list[str]:
        if self.items is not None:
            return list(dict.fromkeys(self.items))
        table = printed.table(self.table or "")
        if self.averaged:
            return list(table.average.of) if table.average else []
        rows = [row for block in table.blocks for row in block.rows]
        if self.column is None:
            return [row[0] for row in rows]
        return list(dict.fromkeys(row[table.column(self.column)] for row in rows))


class Arithmetic(Entry):
    """An operation on numbers of the sentence, whole and exact."""

    kind: Literal["sum", "product", "quotient"]
    numbers: Words
    bound: _Bound

    def findings(self, _: Printed, quote: str) -> Iterator[Finding]:
        """One; a number that the sentence does not have is an error."""
        for number in (*self.numbers, Bound.parse(self.bound).text[2:]):
            if number not in quote:
                raise AlphaRLBenchError(f"the sentence has no '{number}'")
        values = [Fraction(Decimal(number.replace(",", ""))) for number in self.numbers]
        result, sign = {
            "sum": (sum(values, Fraction()), "+"),
            "product": (prod(values, start=Fraction(1)), "×"),
            "quotient": (values[0] / prod(values[1:], start=Fraction(1)), "/"),
        }[self.kind]
        text = f"{f' {sign} '.join(self.numbers)} = {float(result):,g}"
        yield _compared(text, Rounded(result, result, result), self.bound)


class Sentence(Entry):
    """A number of another sentence, compared with what this one says."""

    kind: Literal["sentence"]
    statement: str
    number: str
    bound: _Bound

    def findings(self, printed: Printed, _: str) -> Iterator[Finding]:
        """One; a number that the other sentence does not have is an error."""
        other = printed.quote(self.statement)
        if self.number not in other:
            raise AlphaRLBenchError(f"statement {self.statement} has no '{self.number}'")
        yield _compared(f"{self.number} (“{other}”)", Rounded.printed(self.number), self.bound)


class Member(Entry):
    """A name in the sentence must be the beginning of one of these, or of a table's labels."""

    kind: Literal["member"]
    name: str
    among: Words | None = None
    table: str | None = None

    def findings(self, printed: Printed, _: str) -> Iterator[Finding]:
        """One."""
        if self.among is not None:
            names, where = list(self.among), ", ".join(f"“{name}”" for name in self.among)
        else:
            table = printed.table(self.table or "")
            names, where = _labels(table), f"the labels of {_title(table)}"
        holds = any(name.startswith(self.name) for name in names)
        yield Finding(f"“{self.name}” is {'' if holds else 'not '}among {where}", holds)


class Repeats(Entry):
    """Rows of one block must stand again in another, cell by cell."""

    kind: Literal["repeats"]
    left: _Pair
    right: _Pair

    def findings(self, printed: Printed, _: str) -> Iterator[Finding]:
        """One for every row of the left block."""
        (table, block), (other, again) = (
            (printed.table(name), next(printed.table(name).chosen([of])))
            for name, of in (self.left, self.right)
        )
        for row in block.rows:
            same = row == again.row(row[0])
            yield Finding(
                f"{row[0]}: {table.id} and {other.id} {'agree' if same else 'differ'}", same
            )


class Granularity(Entry):
    """Percentages must be shares of questions × samples responses (Brown and Heathers 2017).

    ``questions`` is a fact about the benchmark that the paper does not print.
    """

    kind: Literal["granularity"]
    tables: Words
    columns: Words
    questions: int = Field(gt=0)
    samples: int = Field(gt=0)

    def findings(self, printed: Printed, _: str) -> Iterator[Finding]:
        """One for all cells together."""
        cells = [
            (table.cell(block, label, column), label, column)
            for table in map(printed.table, self.tables)
            for block in table.blocks
            for label in block.labels
            for column in self.columns
        ]
        responses = self.questions * self.samples
        odd = [cell for cell in cells if not self._possible(Rounded.printed(cell[0]), responses)]
        text = (
            f"with {self.questions} questions, which the paper does not print, {len(odd)} of "
            f"{len(cells)} cells are no k / {responses}"
        )
        if odd:
            value, label, column = odd[0]
            below = int(Rounded.printed(value).value * responses / 100)
            near = " and ".join(f"{100 * k / responses:.2f} ({k})" for k in (below, below + 1))
            text += f", as {value} ({label}, {column}) between {near}"
        yield Finding(text, not odd)

    def _possible(self, percent: Rounded, responses: int) -> bool:
        """Whether a whole number of right responses prints like this."""
        most = percent.high * responses / 100
        return Fraction(int(most)) >= percent.low * responses / 100


class SpeedUp(Entry):
    """How many times sooner AlphaRL has an accuracy than training itself, at an observed stage.

    Training reaches it on the line between the stages printed next to it. ``of`` says which of the
    blocks' ratios is compared: the highest, or their mean.
    """

    kind: Literal["speed-up"]
    tables: Words
    stage: int = Field(gt=0, lt=100)
    column: str
    of: Literal["most", "mean"]
    bound: _Bound

    def findings(self, printed: Printed, _: str) -> Iterator[Finding]:
        """One, that lists the ratio of every block."""
        ratios = {
            block.name: self._ratio(table, block)
            for table in map(printed.table, self.tables)
            for block in table.blocks
        }
        value = (max if self.of == "most" else np.mean)(list(ratios.values()))
        exact = Fraction(float(value)).limit_denominator(10**6)
        each = ", ".join(f"{ratio:.2f} ({name})" for name, ratio in ratios.items())
        text = f"{self.of} of {each} = {value:.3g}"
        yield _compared(text, Rounded(exact, exact, exact), self.bound)

    def _ratio(self, table: Table, block: Block) -> float:
        stages = {
            int(label.removeprefix("Training ").removesuffix("%")): label
            for label in block.labels
            if label.startswith("Training ") and label.endswith("%")
        } | {100: "Fully Trained Model"}
        at = sorted(stages)
        curve = [float(table.number(block, stages[stage], self.column).value) for stage in at]
        predicted = table.number(block, f"Training {self.stage}%+AlphaRL", self.column)
        # np.interp needs a curve that rises, which a test of the tables makes sure of.
        return float(np.interp(float(predicted.value), curve, at)) / self.stage


Check = Annotated[
    Cells | Cell | Count | Arithmetic | Sentence | Member | Repeats | Granularity | SpeedUp,
    Field(discriminator="kind"),
]
