"""The paper's tables over kinds of training (Tables 7 and 8): models of 7 to 8 billion."""

from collections.abc import Mapping
from dataclasses import dataclass

from alpharl_bench.papers.arxiv_2510_00553.claims.reference import FOLDER
from alpharl_bench.printed import Table, load_tables
from alpharl_bench.registry import Kind


@dataclass(frozen=True)
class PrintedKind:
    """One column of the two tables.

    ``norm`` is the average update norm; the fractions are those of the norm in the first subspace
    and in the first per cent of them; ``relative_accuracy`` is by variant, 1 for the fully trained
    model.
    """

    on_policy: bool
    norm: float
    rank1_fraction: float
    rank1_percent_fraction: float
    relative_accuracy: Mapping[str, float]


PERCENTS = (1, 10, 20, 30, 50, 70, 90)
#: The variants of the table of relative accuracies.
RANKS = ("Rank-1", *(f"Rank-{percent} %" for percent in PERCENTS))
#: The columns of both tables, in the paper's order. Its RL is DAPO; it has no such numbers for
#: self-play.
_COLUMNS: Mapping[Kind, str] = {
    "distillation": "Offline DIST",
    "online distillation": "Online DIST",
    "SFT": "Offline SFT",
    "DPO": "Offline DPO",
    "RL": "Online RL DAPO",
}


def _number(table: Table, row: str, column: str) -> float:
    return float(table.number(table.blocks[0], row, column).value)


def _kind(norms: Table, ranks: Table, column: str) -> PrintedKind:
    return PrintedKind(
        on_policy=norms.cell(norms.blocks[0], "On-Policy Sampling", column) == "Yes",
        norm=_number(norms, "Average Update Norm", column),
        rank1_fraction=_number(norms, "Rank-1 fraction", column),
        rank1_percent_fraction=_number(norms, "Rank-1% fraction", column),
        # The paper writes no space before the sign.
        relative_accuracy={rank: _number(ranks, rank.replace(" ", ""), column) for rank in RANKS},
    )


#: By kind, in the paper's order.
APPENDIX_A: Mapping[Kind, PrintedKind] = {
    kind: _kind(load_tables(FOLDER)["table-7"], load_tables(FOLDER)["table-8"], column)
    for kind, column in _COLUMNS.items()
}
#: Its table of norms by kind and column of the spectra.
NORMS: Mapping[Kind, Mapping[str, str]] = {
    kind: {
        "norm": f"{printed.norm:g}",
        "rank1_fraction": f"{printed.rank1_fraction:g}",
        "rank1_percent_fraction": f"{printed.rank1_percent_fraction:g}",
    }
    for kind, printed in APPENDIX_A.items()
}
