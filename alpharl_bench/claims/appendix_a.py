"""The paper's tables over kinds of training (Appendix A), as printed: models of 7 to 8 billion."""

from collections.abc import Mapping
from dataclasses import dataclass

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


def _accuracies(*percents: float) -> dict[str, float]:
    return {rank: percent / 100 for rank, percent in zip(RANKS, percents, strict=True)}


#: By kind, in the paper's order. Its RL is DAPO; it has no such numbers for self-play.
APPENDIX_A: Mapping[Kind, PrintedKind] = {
    "distillation": PrintedKind(
        on_policy=False,
        norm=21.24,
        rank1_fraction=0.126,
        rank1_percent_fraction=0.293,
        relative_accuracy=_accuracies(1.5, 2.5, 3, 3, 3.5, 3.5, 16, 23.25),
    ),
    "online distillation": PrintedKind(
        on_policy=True,
        norm=1.46,
        rank1_fraction=0.1045,
        rank1_percent_fraction=0.2478,
        relative_accuracy=_accuracies(56.4, 64.5, 71.5, 72.5, 77, 80.25, 84, 89.25),
    ),
    "SFT": PrintedKind(
        on_policy=False,
        norm=10.75,
        rank1_fraction=0.077,
        rank1_percent_fraction=0.277,
        relative_accuracy=_accuracies(2.5, 3, 4, 7.5, 8, 12.25, 24, 46.75),
    ),
    "DPO": PrintedKind(
        on_policy=False,
        norm=0.79,
        rank1_fraction=0.1142,
        rank1_percent_fraction=0.2413,
        relative_accuracy=_accuracies(62.25, 71.5, 74.5, 79, 83.25, 88.25, 88.25, 93.25),
    ),
    "RL": PrintedKind(
        on_policy=True,
        norm=0.01,
        rank1_fraction=0.193,
        rank1_percent_fraction=0.365,
        relative_accuracy=_accuracies(*[100] * len(RANKS)),
    ),
}
