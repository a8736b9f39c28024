"""What a check finds: a line of arithmetic, and whether it is as the paper says."""

from collections.abc import Mapping
from dataclasses import dataclass

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.printed.table import Table
from alpharl_bench.registry import unknown


@dataclass(frozen=True)
class Finding:
    """``arithmetic`` is to be read by itself: cells, operation, result, and what it should be."""

    arithmetic: str
    holds: bool


@dataclass(frozen=True)
class Printed:
    """What a check may look at: all tables by id, all quoted sentences by id."""

    tables: Mapping[str, Table]
    quotes: Mapping[str, str]

    def table(self, name: str) -> Table:
        """The table of that id; an unknown one is an error that suggests a known one."""
        if name not in self.tables:
            raise AlphaRLBenchError(unknown("table", name, self.tables))
        return self.tables[name]

    def quote(self, name: str) -> str:
        """The sentence of that id; an unknown one is an error that suggests a known one."""
        if name not in self.quotes:
            raise AlphaRLBenchError(unknown("statement", name, self.quotes))
        return self.quotes[name]
