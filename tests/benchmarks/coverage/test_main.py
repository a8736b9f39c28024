"""The command prints the tables."""

from importlib import import_module

import pytest

from benchmarks.coverage.__main__ import Table
from tests.processes import run_module


@pytest.mark.parametrize("table", Table)
def test_every_table_is_a_module(table: Table) -> None:
    assert callable(import_module(f"benchmarks.coverage.{table}").tables)


def test_one_table_is_printed() -> None:
    result = run_module("benchmarks.coverage", "samples", "--repetitions", "50")
    assert result.returncode == 0, result.stderr
    header, line, *rows = result.stdout.strip().splitlines()
    assert header.startswith("| looks × samples")
    assert set(line) <= set("|-")
    assert len(rows) == 30


def test_an_unknown_table_is_refused() -> None:
    result = run_module("benchmarks.coverage", "tail")
    assert result.returncode == 2
    assert "tails" in result.stderr
