"""The paper as data: its tables, its sentences with numbers, and whether they agree."""

from alpharl_bench.paper.errata import Reading, read_averages, read_paper, read_statements
from alpharl_bench.paper.load import load_statements, load_tables
from alpharl_bench.paper.rounded import Rounded
from alpharl_bench.paper.statement import Outcome, Statement
from alpharl_bench.paper.table import Block, Table

__all__ = [
    "Block",
    "Outcome",
    "Reading",
    "Rounded",
    "Statement",
    "Table",
    "load_statements",
    "load_tables",
    "read_averages",
    "read_paper",
    "read_statements",
]
