"""A paper as data: its tables, its sentences with numbers, and whether they agree."""

from alpharl_bench.printed.errata import PaperCheck, read_averages, read_paper, read_statements
from alpharl_bench.printed.load import load_statements, load_tables
from alpharl_bench.printed.rounded import Rounded
from alpharl_bench.printed.statement import Outcome, Statement
from alpharl_bench.printed.table import Block, Table

__all__ = [
    "Block",
    "Outcome",
    "PaperCheck",
    "Rounded",
    "Statement",
    "Table",
    "load_statements",
    "load_tables",
    "read_averages",
    "read_paper",
    "read_statements",
]
