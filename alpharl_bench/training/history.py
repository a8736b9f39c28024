"""What a training leaves in its folder beside weights: how far it is, and every step's figures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from alpharl_bench.registry import Algorithm

#: Written last into a checkpoint, with every step's figures up to there.
_STATE = "trainer_state.json"


def last_whole_checkpoint(folder: Path) -> Path | None:
    """The checkpoint that a training goes on from; None where it starts from the base."""
    # A folder without a state was cut off in the middle.
    whole = [state.parent for state in folder.glob(f"checkpoint-*/{_STATE}")]
    return max(whole, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """The step of ``checkpoint-N``."""
    return int(checkpoint.name.split("-")[1])


def history(folder: Path) -> list[dict[str, Any]]:
    """All figures of every step of a run so far, in order; ``step`` is one of them.

    Those of the last whole checkpoint, empty where there is none.
    """
    last = last_whole_checkpoint(folder)
    if last is None:
        return []
    state = json.loads((last / _STATE).read_text(encoding="utf-8"))
    return [figures for figures in state["log_history"] if "loss" in figures]


def figure(algorithm: Algorithm) -> str:
    """The figure of each step that a run's progress is read from.

    ``accuracy`` of the responses that were drawn, where the trainer draws any; of self-play, whose
    payoffs sum to zero, the share of ``forbidden_moves``; else the ``loss``.
    """
    if algorithm.trainer == "self-play":
        return "forbidden_moves"
    return "loss" if algorithm.trainer in {"sft", "dpo"} else "accuracy"


def first_and_last(
    steps: Sequence[Mapping[str, Any]], name: str, share: float = 0.1
) -> tuple[float, float] | None:
    """A figure's mean over the first and over the last ``share`` of the steps that have it.

    None where no step has it. Single steps see few prompts and say little.
    """
    values = [float(figures[name]) for figures in steps if name in figures]
    if not values:
        return None
    count = max(1, round(share * len(values)))
    return mean(values[:count]), mean(values[-count:])
