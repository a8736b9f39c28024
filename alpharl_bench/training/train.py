"""Train one run of the zoo, whatever its algorithm, and go on with one that was cut off."""

from collections.abc import Sequence
from pathlib import Path

import transformers
from transformers import TrainerCallback

from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.registry import Algorithm, RunEntry
from alpharl_bench.training.history import last_whole_checkpoint
from alpharl_bench.training.job import Job
from alpharl_bench.training.trainers import TRAINERS


def train(
    entry: RunEntry,
    algorithm: Algorithm,
    base: Path,
    folder: Path,
    *,
    teacher: Path | None = None,
    families: tuple[str, ...] = tuple(NANO_FAMILIES),
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Train ``base`` by ``algorithm`` into evenly spaced ``checkpoint-N/`` below ``folder``.

    All parameters, float32. Goes on from the last whole checkpoint that it finds, to the same
    weights as without an interruption.

    Args:
        entry: the run.
        algorithm: its recipe.
        base: the folder of the model that is trained.
        folder: the folder of the checkpoints.
        teacher: the folder of the model that the recipe's option ``teacher`` names.
        families: the families of the problems that it trains on.
        callbacks: the callbacks of the trainer.

    Raises:
        AlphaRLBenchError: the recipe does not fit its trainer, its steps cannot be divided into its
            number of checkpoints, or its data cannot be made.
    """
    job = Job(entry, algorithm, base, folder, teacher, families)
    last = last_whole_checkpoint(folder)
    with quiet_libraries():
        trainer = TRAINERS[algorithm.trainer](job)
        trainer.remove_callback(transformers.PrinterCallback)
        for follower in callbacks:
            trainer.add_callback(follower)
        trainer.train(resume_from_checkpoint=str(last) if last else None)
