"""A tiny base of each architecture and format, with random weights, and short recipes on it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.problems import NANO_FAMILIES
from alpharl_bench.registry import Algorithm, RunEntry, load_registry
from alpharl_bench.training import data, trainers
from alpharl_bench.training.job import Job
from alpharl_bench.training.tokenizer import character_tokenizer
from alpharl_bench.training.train import train

#: One of every architecture and format.
MODELS = ("qwen3-facts", "qwen2-facts", "llama3-facts", "glm4-facts")
STEPS = 4
_SMALL = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}


def tiny_base(folder: Path, name: str = "qwen3-facts", seed: int = 0) -> Path:
    """The registry's model of that name at the smallest size, with random weights."""
    model = load_registry().model(name)
    tokenizer = character_tokenizer(model.format)
    architecture = getattr(transformers, model.architecture)
    heads = {"head_dim": 16} if "head_dim" in model.config else {}
    torch.manual_seed(seed)
    architecture(
        architecture.config_class(
            vocab_size=len(tokenizer),
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            **{**model.config, **_SMALL, **heads},
        )
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def short(name: str, **config: Any) -> Algorithm:
    """The registry's recipe cut to four steps of 16 short responses and two checkpoints."""
    known = load_registry().algorithms[name]
    small = {"per_device_train_batch_size": 16, "max_steps": STEPS, "warmup_steps": 0}
    if "num_generations" in known.config:
        small["num_generations"] = 4
    if "max_completion_length" in known.config:
        small["max_completion_length"] = 12
    if "steps_per_generation" in known.config:
        small["steps_per_generation"] = 2
    return known.model_copy(
        update={
            "checkpoints": 2,
            "config": {**known.config, **small, "learning_rate": 1e-3, **config},
            "regimes": {"quick": {}},
        }
    )


def job(
    algorithm: Algorithm,
    base: Path,
    folder: Path,
    teacher: Path | None = None,
    seed: int = 1,
    families: tuple[str, ...] = tuple(NANO_FAMILIES),
) -> Job:
    """A run of that recipe; without another one the base is its own teacher."""
    entry = RunEntry(
        name=f"tiny-{algorithm.name}",
        model="tiny",
        algorithm=algorithm.name,
        regime="quick",
        seed=seed,
    )
    return Job(entry, algorithm, base, folder, teacher or base, families)


def trained(
    algorithm: Algorithm, base: Path, folder: Path, *callbacks: Any, **options: Any
) -> Path:
    """Train and return the last checkpoint; ``options`` are those of :func:`job`."""
    run = job(algorithm, base, folder, **options)
    train(run.entry, algorithm, base, folder, teacher=run.teacher, callbacks=callbacks)
    return folder / f"checkpoint-{algorithm.config['max_steps']}"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint."""
    files = WeightFiles(folder)
    return {name: files.tensor(name) for name in files.names}


def parity_reward(completions: Any, completion_ids: Any, log_metric: Any, **_: Any) -> list[float]:
    """1 for an even sum of token ids: what a model with random weights meets half of the time."""
    rewards = [float(sum(ids) % 2 == 0) for ids in completion_ids]
    for reward in rewards:
        log_metric("accuracy", reward)
    return rewards


def even_length(kind: str, answer: str, response: str) -> bool:
    """Stands in for the grading of texts, likewise."""
    return len(response) % 2 == 0


@contextmanager
def random_weights_can_be_right() -> Iterator[None]:
    """Rewards and grading that a random model meets half of the time, on a few prompts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainers, "verifiable_reward", parity_reward)
        patch.setattr(data, "is_right", even_length)
        patch.setattr(data, "_PROMPTS", 96)
        yield


class _KillAt(transformers.TrainerCallback):
    """Kills the process, as the system does that runs out of memory, behind a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self._step:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    base_folder, run_folders, last_step, *names = sys.argv[1:]
    # What is imported serves all of them. It says how each process ended.
    for name in names:
        child = os.fork()
        if child == 0:
            with random_weights_can_be_right():
                trained(
                    short(name),
                    Path(base_folder),
                    Path(run_folders) / name,
                    _KillAt(int(last_step)),
                )
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{name} {code}\n")
        sys.stdout.flush()
