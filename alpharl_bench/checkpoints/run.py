"""A training run on disk: a base model and its checkpoints in the order of training."""

import re
from dataclasses import dataclass
from pathlib import Path

from alpharl_bench.errors import AlphaRLBenchError

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True, order=True)
class Checkpoint:
    """The weights after ``step`` optimizer steps, as an ordinary Hugging Face folder."""

    step: int
    path: Path


@dataclass(frozen=True)
class Run:
    """One training run: a base and at least one checkpoint, sorted by step."""

    name: str
    base: Path
    checkpoints: tuple[Checkpoint, ...]

    @property
    def steps(self) -> tuple[int, ...]:
        """The step of every checkpoint, ascending."""
        return tuple(checkpoint.step for checkpoint in self.checkpoints)

    @property
    def final(self) -> Checkpoint:
        """The fully trained model."""
        return self.checkpoints[-1]

    def at(self, step: int | None) -> Checkpoint:
        """The checkpoint of a step; None means the final one."""
        if step is None:
            return self.final
        for checkpoint in self.checkpoints:
            if checkpoint.step == step:
                return checkpoint
        raise AlphaRLBenchError(
            f"run '{self.name}' has no checkpoint at step {step}; it has {list(self.steps)}"
        )


def open_run(name: str, base: Path, folder: Path) -> Run:
    """Open a folder of ``checkpoint-N/`` as TRL and the Hugging Face Trainer write it.

    Raises:
        AlphaRLBenchError: the folder holds no checkpoint.
    """
    found = sorted(
        Checkpoint(int(match.group(1)), path)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (match := _CHECKPOINT.fullmatch(path.name)) and path.is_dir()
    )
    if not found:
        raise AlphaRLBenchError(f"run '{name}': no checkpoint-N folder in {folder}")
    return Run(name, base, tuple(found))
