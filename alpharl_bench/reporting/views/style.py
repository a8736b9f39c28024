"""How all figures look, and how a run is named and coloured in them."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl

from alpharl_bench.claims import Evidence
from alpharl_bench.registry import Kind
from alpharl_bench.reporting.text import printable

mpl.use("Agg")

STYLE: dict[Any, Any] = {
    "savefig.dpi": 150,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
KIND_COLOURS: dict[Kind, str] = {
    "RL": "#0b6e99",
    "self-play": "#33b1c9",
    "online distillation": "#8f5db7",
    "DPO": "#3a7d44",
    "distillation": "#e08e2b",
    "SFT": "#d1495b",
}
#: Characters of a run's name in a legend.
_LONGEST_LABEL = 60
COLOURS = ("#0b6e99", "#d1495b", "#3a7d44", "#8f5db7")


def styles(evidence: Sequence[Evidence]) -> list[tuple[str, str]]:
    """Colour and label of each run: its own where there are few, otherwise those of its kind."""
    if len(evidence) > len(COLOURS):
        return by_kind(evidence)
    return [(colour, label(run.run)) for colour, run in zip(COLOURS, evidence, strict=False)]


def label(run: str) -> str:
    """A name that matplotlib shows as it is: no formula, and not hidden for its first character."""
    shown = printable(run)[:_LONGEST_LABEL].replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def by_kind(evidence: Sequence[Evidence]) -> list[tuple[str, str]]:
    """Only the first run of a kind has a label, so that the legend names every kind once."""
    found: list[tuple[str, str]] = []
    kinds = [measured.kind for measured in evidence]
    for i, kind in enumerate(kinds):
        count = kinds.count(kind)
        name = f"{kind} ({count} run{'' if count == 1 else 's'})" if kind not in kinds[:i] else ""
        found.append((KIND_COLOURS[kind], name))
    return found
