"""Prints the tables of a simulation; the package says what they are."""

from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer


class Table(StrEnum):
    """The tables, each a module of this package."""

    INTERVALS = "intervals"
    SEQUENTIAL = "sequential"
    EXTREMES = "extremes"
    TAILS = "tails"
    SAMPLES = "samples"
    GROWING = "growing"
    ALLOCATION = "allocation"
    POOLED = "pooled"
    NULLS = "nulls"
    GAINS = "gains"
    POLICY = "policy"


def main(
    table: Annotated[Table | None, typer.Argument(help="By default all of them.")] = None,
    repetitions: Annotated[
        int | None, typer.Option(help="Simulated sessions per cell; each table has its default.")
    ] = None,
    questions: Annotated[
        int | None, typer.Option(help="That every run is asked, of the table 'pooled' alone.")
    ] = None,
) -> None:
    """Simulate, and print the tables as Markdown."""
    if questions and table is not Table.POOLED:
        raise typer.BadParameter("--questions: is of the table 'pooled' alone")
    asked = {"repetitions": repetitions, "questions": questions}
    given = {name: value for name, value in asked.items() if value}
    for name in [table] if table else Table:
        for text in import_module(f"benchmarks.coverage.{name}").tables(**given):
            typer.echo(text + "\n")


if __name__ == "__main__":
    typer.run(main)
