"""Train one run of the zoo, whatever its algorithm, and go on with one that was cut off."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import transformers
from transformers import TrainerCallback

from alpharl_bench.quiet import quiet_libraries
from alpharl_bench.registry import Algorithm, RunEntry
from alpharl_bench.training.job import Job
from alpharl_bench.training.progress import ProgressBar
from alpharl_bench.training.trainers import TRAINERS

#: Written last into a checkpoint, with every step's figures up to there.
_STATE = "trainer_state.json"


def train(
    entry: RunEntry,
    algorithm: Algorithm,
    base: Path,
    folder: Path,
    *,
    teacher: Path | None = None,
    callbacks: Sequence[TrainerCallback] | None = None,
) -> None:
    """Train ``base`` by ``algorithm`` into evenly spaced ``checkpoint-N/`` below ``folder``.

    All parameters, float32. Goes on from the last whole checkpoint that it finds, to the same
    weights as without an interruption.

    Args:
        entry: the run.
        algorithm: its recipe.
        base: the folder of the model that is trained.
        folder: where the checkpoints go.
        teacher: the folder of the model that the recipe's option ``teacher`` names.
        callbacks: what follows the training; a progress bar if None.

    Raises:
        AlphaRLBenchError: the recipe does not fit its trainer, its steps cannot be divided into its
            number of checkpoints, or its data cannot be made.
    """
    job = Job(entry, algorithm, base, folder, teacher)
    last = _last_whole_checkpoint(folder)
    with quiet_libraries():
        trainer = TRAINERS[algorithm.trainer](job)
        trainer.remove_callback(transformers.PrinterCallback)
        followers = [_bar(entry, algorithm)] if callbacks is None else callbacks
        for follower in followers:
            trainer.add_callback(follower)
        trainer.train(resume_from_checkpoint=str(last) if last else None)


def figure(algorithm: Algorithm) -> str:
    """The figure of each step that a run's progress is read from.

    ``accuracy`` of the responses that were drawn, where the trainer draws any; else the ``loss``.
    """
    return "loss" if algorithm.trainer in {"sft", "dpo"} else "accuracy"


def history(folder: Path) -> list[dict[str, Any]]:
    """All figures of every step of a run so far, in order; ``step`` is one of them.

    Those of the last whole checkpoint, empty where there is none.
    """
    last = _last_whole_checkpoint(folder)
    if last is None:
        return []
    state = json.loads((last / _STATE).read_text(encoding="utf-8"))
    return [figures for figures in state["log_history"] if "loss" in figures]


def _bar(entry: RunEntry, algorithm: Algorithm) -> ProgressBar:
    return ProgressBar(f"train {entry.name}", figure(algorithm))


def _last_whole_checkpoint(folder: Path) -> Path | None:
    # The Trainer writes its state last: a folder without it was cut off in the middle.
    whole = [state.parent for state in folder.glob(f"checkpoint-*/{_STATE}")]
    return max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)
