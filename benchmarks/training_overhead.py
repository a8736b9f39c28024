"""Steps per second of each algorithm, against a bare loop of TRL on the same work.

    python -m benchmarks.training_overhead

Bare is TRL's trainer with the recipe's config, base, data and seed, that saves nothing. Ours also
saves a checkpoint every six steps, keeps every step's figures, counts right responses and shows a
bar. Both are timed from the first step to the last, in turn, with the same random numbers, so that
they sample the same responses. TRL has neither PPO nor dynamic sampling: there the bare loop is
that of GRPO on a batch of the same size, and the ratio is what critic or sampling cost.

The machine must be idle, see :mod:`benchmarks.rank1`; the core seconds are less shaken by others.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import transformers
import trl
import typer
from tabulate import tabulate
from transformers import TrainerCallback
from trl.rewards import get_soft_overlong_punishment

from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.problems import is_correct
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.training import data
from alpharl_bench.training.history import figure, history
from alpharl_bench.training.job import Job
from alpharl_bench.training.progress import ProgressBar
from alpharl_bench.training.train import train

_SAVE_EVERY = 6
_DRAWN = "sampling/drawn_per_trained"
ALGORITHMS = ("grpo", "drgrpo", "rloo", "dapo", "ppo", "sft", "dist", "dpo", "opd")
#: What TRL has; PPO is compared with GRPO.
_TRAINERS = {
    "grpo": (trl.GRPOTrainer, trl.GRPOConfig),
    "ppo": (trl.GRPOTrainer, trl.GRPOConfig),
    "rloo": (trl.RLOOTrainer, trl.RLOOConfig),
    "sft": (trl.SFTTrainer, trl.SFTConfig),
    "dpo": (trl.DPOTrainer, trl.DPOConfig),
    "distillation": (trl.DistillationTrainer, trl.DistillationConfig),
}


@dataclass(frozen=True)
class _Timed:
    """What a training took from its first step to its last."""

    seconds: float
    core_seconds: float


class _Stopwatch(TrainerCallback):
    """Times a training without what comes before its first step."""

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._start = time.perf_counter(), time.process_time()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.timed = _Timed(
            time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        )


def main(
    algorithms: Annotated[list[str] | None, typer.Argument(help="All by default.")] = None,
    model: Annotated[str, typer.Option(help="A base that ships.")] = "qwen3-switch",
    steps: Annotated[int, typer.Option(help=f"Of each, a multiple of {_SAVE_EVERY}.")] = 24,
    pairs: Annotated[int, typer.Option(help="Of a bare training and ours.")] = 3,
) -> None:
    """Train both ways in turn; print steps per second and the ratios of the times."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    rows = [_row(name, model, steps, pairs) for name in algorithms or ALGORITHMS]
    headers = ("", "bare, steps/s", "ours, steps/s", "time, ours/bare", "core time", "beside it")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".2f"))


def _row(name: str, model: str, steps: int, pairs: int) -> tuple[str, float, float, str, str, str]:
    ours: list[_Timed] = []
    bare: list[_Timed] = []
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(pairs):
            job = _job(name, model, steps, Path(scratch) / str(i))
            # In turn, and each of them first as often as the other.
            for way in (_bare, _ours)[:: 1 if i % 2 else -1]:
                (bare if way is _bare else ours).append(_timed(way, job))
            figures = history(job.folder)
    return (
        name,
        steps / statistics.median(timed.seconds for timed in bare),
        steps / statistics.median(timed.seconds for timed in ours),
        _ratios([a.seconds / b.seconds for a, b in zip(ours, bare, strict=True)]),
        _ratios([a.core_seconds / b.core_seconds for a, b in zip(ours, bare, strict=True)]),
        _beside(name, figures),
    )


def _job(name: str, model: str, steps: int, folder: Path) -> Job:
    registry = load_registry()
    entry, recipe = registry.run(f"{model}-{name}"), registry.algorithms[name]
    short = recipe.model_copy(
        update={
            "checkpoints": steps // _SAVE_EVERY,
            "regimes": {"quick": {**recipe.regimes["quick"], "max_steps": steps}},
            "config": {**recipe.config, "max_steps": steps},
        }
    )
    teacher = recipe.options.get("teacher")
    base = base_folder(registry.model(model))
    return Job(entry, short, base, folder, teacher and base_folder(registry.model(str(teacher))))


def _timed(way: Callable[[Job, _Stopwatch], None], job: Job) -> _Timed:
    watch = _Stopwatch()
    with quiet_libraries():
        way(job, watch)
    return watch.timed


def _ours(job: Job, watch: _Stopwatch) -> None:
    bar = ProgressBar(job.entry.name, figure(job.algorithm))
    train(
        job.entry,
        job.algorithm,
        job.base,
        job.folder,
        teacher=job.teacher,
        callbacks=[bar, watch],
    )


def _bare(job: Job, watch: _Stopwatch) -> None:
    trainer_class, config_class = _TRAINERS[job.algorithm.trainer]
    config = config_class(
        output_dir=str(job.folder / "bare"),
        save_strategy="no",
        seed=job.entry.seed,
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        report_to="none",
        disable_tqdm=True,
        **job.algorithm.config_in(job.entry.regime),
    )
    trainer: transformers.Trainer = trainer_class(
        model=job.model(),
        args=config,
        processing_class=job.tokenizer(),
        callbacks=[watch],
        **_parts(job, config),
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()


def _parts(job: Job, config: Any) -> dict[str, Any]:
    """What a trainer needs beside model and config."""
    options = job.algorithm.options
    match job.algorithm.trainer:
        case "sft":
            return {"train_dataset": data.solutions(job, options["data"])}
        case "dpo":
            return {"train_dataset": data.pairs(job, options["samples_per_prompt"])}
        case "distillation":
            return {"train_dataset": data.prompts(job), "teacher_model": job.teacher_model()}
    rewards: list[Any] = [_reward]
    if overlong := options.get("overlong_tokens"):
        rewards.append(get_soft_overlong_punishment(config.max_completion_length, overlong))
    return {"train_dataset": data.prompts(job), "reward_funcs": rewards}


def _reward(completions: list[str], answer: list[str], **_: Any) -> list[float]:
    return [float(is_correct(c, a)) for c, a in zip(completions, answer, strict=True)]


def _ratios(ratios: list[float]) -> str:
    """The median of the pairs' ratios, and their range."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def _beside(name: str, figures: list[dict[str, Any]]) -> str:
    drawn = [step[_DRAWN] for step in figures if _DRAWN in step]
    if drawn:
        return (
            f"against GRPO; {statistics.mean(drawn):.2f} groups drawn for each that is trained on"
        )
    return "against GRPO; a critic of the policy's size" if name == "ppo" else ""


if __name__ == "__main__":
    typer.run(main)
