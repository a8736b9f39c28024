"""What a step of RL on the public model costs, one saving after another.

    python -m benchmarks.shared_prompts

GRPO by the recipe of the lane `smol`, on one thread: by TRL's trainer on prompts with the system
message of the model's own template, on prompts without, with prompts that are read once for all
responses to them, and that under autocast to bfloat16 too. All draw as many responses; the text of
a prompt decides over how long they are, so the tokens of each way stand beside its seconds.

Needs the extra `smol`. The machine must be idle, see :mod:`benchmarks.rank1`.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import transformers
import typer
from tabulate import tabulate
from transformers import AutoTokenizer, TrainerCallback

from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.spectral.threads import one_thread_per_matrix
from alpharl_bench.training.job import Job
from alpharl_bench.training.trainers import TRAINERS

#: The model's own template puts this before every question.
_SYSTEM = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n"
)


@dataclass(frozen=True)
class _Way:
    system: bool
    shared: bool
    autocast: bool


_WAYS = {
    "TRL, with the system message": _Way(system=True, shared=False, autocast=False),
    "TRL, without it": _Way(system=False, shared=False, autocast=False),
    "and prompts read once": _Way(system=False, shared=True, autocast=False),
    "and autocast to bfloat16": _Way(system=False, shared=True, autocast=True),
}


class _Watch(TrainerCallback):
    """The seconds from the first step to the last, and what the steps said of themselves."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, Any]] = []

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._start = time.perf_counter()

    def on_log(self, *_: Any, logs: Mapping[str, Any], **__: Any) -> None:
        self.rows.append(logs)

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.seconds = time.perf_counter() - self._start


def main(
    steps: Annotated[int, typer.Option(help="Of each training, two to a rollout.")] = 2,
    repeats: Annotated[int, typer.Option(help="Of each way, in turn.")] = 2,
    responses: Annotated[int, typer.Option(help="Of a step.")] = 64,
) -> None:
    """Train every way in turn; print seconds per step, and ratios to the first way."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    seconds: dict[str, list[float]] = {name: [] for name in _WAYS}
    lengths: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        bases = {system: _base(Path(scratch), system=system) for system in (True, False)}
        for i in range(repeats):
            for name, way in _WAYS.items():
                folder = Path(scratch) / f"{i}-{name}"
                watch = _trained(way, bases[way.system], folder, steps, responses)
                seconds[name].append(watch.seconds / steps)
                found = [row["completions/mean_length"] for row in watch.rows if "loss" in row]
                lengths[name] = statistics.mean(found)
    best = {name: min(taken) for name, taken in seconds.items()}
    first = next(iter(best.values()))
    rows = [(name, taken, first / taken, lengths[name]) for name, taken in best.items()]
    headers = ("the best of each", "s per step", "times as fast", "tokens of a response")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".2f"))


def _base(scratch: Path, *, system: bool) -> Path:
    """The base's own files, behind a tokenizer whose template has the system message or not."""
    base = base_folder(load_registry().model("smollm2-warm"))
    folder = scratch / f"base-{system}"
    tokenizer = AutoTokenizer.from_pretrained(base)
    if system:
        tokenizer.chat_template = _SYSTEM.replace("\n", "{{ '\\n' }}") + tokenizer.chat_template
    tokenizer.save_pretrained(folder)
    for file in base.iterdir():
        if not (folder / file.name).exists():
            (folder / file.name).symlink_to(file)
    return folder


def _trained(way: _Way, base: Path, folder: Path, steps: int, responses: int) -> _Watch:
    registry = load_registry()
    recipe = registry.algorithms["grpo"]
    public = {
        **recipe.regimes["public"],
        "max_steps": steps,
        "per_device_train_batch_size": responses,
    }
    short = recipe.model_copy(
        update={
            "checkpoints": 1,
            "regimes": {"public": public},
            "options": {**recipe.options_in("public"), "shared_prompts": way.shared},
        }
    )
    families = registry.model("smollm2-warm").trained_on or ()
    job = Job(registry.run("smollm2-warm-grpo"), short, base, folder, families=families)
    autocast = torch.autocast("cpu", torch.bfloat16) if way.autocast else nullcontext()
    watch = _Watch()
    with quiet_libraries(), one_thread_per_matrix(), autocast:
        trainer = TRAINERS["grpo"](job)
        trainer.args.save_strategy = transformers.trainer_utils.SaveStrategy.NO
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.add_callback(watch)
        trainer.train()
    return watch


if __name__ == "__main__":
    typer.run(main)
