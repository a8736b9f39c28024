"""What is kept beside the weights while a run trains."""

import json
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from alpharl_bench.cache import write_whole

#: What only a resumed training needs; two thirds of a checkpoint's size.
_TRAINER_STATE = (
    *("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"),
    *("critic.safetensors", "baselines.json"),
)
_SECONDS = "seconds.json"


class CheckpointPruner(TrainerCallback):
    """Keeps the time that a run has taken, and the trainer's own state of the newest step alone.

    The time is that of the steps up to each checkpoint, in seconds, over all interruptions: neither
    what was lost by them counts, nor loading models and making data before the first step.

    Args:
        folder: the folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seconds: dict[str, float] = {}
        self._before = self._started = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock where the checkpoint stands that training goes on from."""
        self._seconds = _read(self._folder)
        self._before = self._seconds.get(str(state.global_step), 0.0)
        self._started = time.monotonic()

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Note the time; drop what training would need to go on from an older checkpoint."""
        taken = self._before + time.monotonic() - self._started
        self._seconds[str(state.global_step)] = round(taken, 3)
        write_whole(self._folder / _SECONDS, json.dumps(self._seconds))
        for checkpoint in self._folder.glob("checkpoint-*"):
            if checkpoint.name != f"checkpoint-{state.global_step}":
                _drop_state(checkpoint)


def seconds_taken(folder: Path, step: int) -> float:
    """The seconds that a run took up to a checkpoint; 0 where nothing is known."""
    return _read(folder).get(str(step), 0.0)


def drop_states(folder: Path) -> None:
    """Drop of every checkpoint what only training on from it would need."""
    for checkpoint in folder.glob("checkpoint-*"):
        _drop_state(checkpoint)


def _drop_state(checkpoint: Path) -> None:
    for name in _TRAINER_STATE:
        (checkpoint / name).unlink(missing_ok=True)


def _read(folder: Path) -> dict[str, float]:
    path = folder / _SECONDS
    if not path.is_file():
        return {}
    seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return seconds
