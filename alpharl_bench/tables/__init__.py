"""Tables of units × columns that claims are judged by, each one object behind one interface."""

from functools import cache
from importlib import import_module
from typing import Any

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.extensions import extensions
from alpharl_bench.registry import unknown
from alpharl_bench.tables.requirements import Requirements, union
from alpharl_bench.tables.table import EVALUATION, QUESTIONS, Means, MeasuredRun, Query, Table

#: The tables of this package, each a module of its own here with its ``TABLE``.
OWN = ("scores", "spectrum", "dynamics", "behaviour", "policy", "embedding")
#: Where others' distributions name theirs.
GROUP = "alpharl_bench.tables"


@cache
def table(name: str) -> Table[Any]:
    """The table of a name; its module is loaded when it is first asked for.

    Raises:
        AlphaRLBenchError: there is none, or an installed one cannot be loaded.
    """
    if name in OWN:
        own: Table[Any] = import_module(f"{__name__}.{name}").TABLE
        return own
    # mypy wants a concrete class; whatever is abstract has no instances.
    others = extensions(GROUP, Table)  # type: ignore[type-abstract]
    if name not in others:
        raise AlphaRLBenchError(unknown("table", name, [*OWN, *others]))
    return others[name]


__all__ = [
    "EVALUATION",
    "GROUP",
    "OWN",
    "QUESTIONS",
    "Means",
    "MeasuredRun",
    "Query",
    "Requirements",
    "Table",
    "table",
    "union",
]
