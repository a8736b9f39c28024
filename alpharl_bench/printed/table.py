"""``tables/<id>.toml``: one table of the paper, every cell as it is printed."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.printed.rounded import Rounded, mean
from alpharl_bench.registry import unknown

#: In place of the column of averages: the average of the columns that it is of.
RECOMPUTED = "recomputed"
_Row = Annotated[tuple[str, ...], Field(min_length=1)]


class Entry(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Average(Entry):
    """The column that holds the mean of others."""

    column: str
    of: tuple[str, ...] = Field(min_length=2)


class Block(Entry):
    """Rows below one headline. ``misprinted`` names those known for an average that is none."""

    name: str = ""
    rows: tuple[_Row, ...] = Field(min_length=1)
    misprinted: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """The rows' first cells."""
        return [row[0] for row in self.rows]

    def row(self, label: str) -> tuple[str, ...]:
        """The row that begins with ``label``.

        Raises:
            AlphaRLBenchError: there is none.
        """
        for row in self.rows:
            if row[0] == label:
                return row
        raise AlphaRLBenchError(unknown("row", label, self.labels))


class Table(Entry):
    """Columns and blocks of rows; the first column has the rows' labels.

    ``prose`` is what the paper lists in sentences; its labels may repeat.
    """

    id: str
    title: str
    place: str
    columns: tuple[str, ...] = Field(min_length=1)
    average: Average | None = None
    prose: bool = False
    blocks: tuple[Block, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> "Table":
        faults = [
            f"row '{row[0]}' of '{block.name}' has {len(row)} cells for {len(self.columns)} columns"
            for block in self.blocks
            for row in block.rows
            if len(row) != len(self.columns)
        ]
        for block in self.blocks:
            if not self.prose and len(set(block.labels)) < len(block.labels):
                faults.append(f"rows of '{block.name}' have the same label")
            faults += [
                f"misprinted: {unknown('row', label, block.labels)}"
                for label in block.misprinted
                if label not in block.labels
            ]
        if self.average is not None:
            faults += [
                f"average: {unknown('column', name, self.columns)}"
                for name in (self.average.column, *self.average.of)
                if name not in self.columns
            ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def chosen(self, names: Sequence[str] | None) -> Iterator[Block]:
        """The blocks of these names, all of them where none is named.

        Raises:
            AlphaRLBenchError: a name is unknown.
        """
        by_name = {block.name: block for block in self.blocks}
        for name in by_name if names is None else names:
            if name not in by_name:
                raise AlphaRLBenchError(unknown("block", name, by_name))
            yield by_name[name]

    def column(self, name: str) -> int:
        """Where in a row the cells of a column stand.

        Raises:
            AlphaRLBenchError: there is no such column.
        """
        if name not in self.columns:
            raise AlphaRLBenchError(unknown("column", name, self.columns))
        return self.columns.index(name)

    def cell(self, block: Block, label: str, column: str) -> str:
        """A cell as printed."""
        return block.row(label)[self.column(column)]

    def number(self, block: Block, label: str, column: str) -> Rounded:
        """The number in a cell, in the column's unit: shares where the cell has a % sign.

        Args:
            block: the block of this table.
            label: the label of the row.
            column: its name, or :data:`RECOMPUTED`.

        Raises:
            AlphaRLBenchError: there is no such cell, or no number in it.
        """
        if column == RECOMPUTED and self.average is not None:
            return mean([self.number(block, label, name) for name in self.average.of])
        try:
            return Rounded.printed(self.cell(block, label, column))
        except AlphaRLBenchError as error:
            raise AlphaRLBenchError(f"{self.id}: {label}, {column}: {error}") from error
