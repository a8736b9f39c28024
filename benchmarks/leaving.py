"""Responses that leave their batch against transformers' own ``generate``, on the same work.

    python -m benchmarks.leaving

Questions of the lane `smol`, eight responses to each, sampled from its public model on one thread:
by ``generate``, by ``generate`` on prompts that are read once, and with responses that leave their
batch when they have ended. The same seed for all: they draw the same tokens.

Needs the extra `smol`. The machine must be idle, see :mod:`benchmarks.rank1`.
"""

import os
import statistics
from collections.abc import Callable
from typing import Annotated, Any

import torch
import typer
from tabulate import tabulate
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.generation import savings
from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.problems import FAMILIES, held_out_problems
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.spectral.threads import one_thread_per_matrix
from benchmarks.clock import seconds

_TO_A_PROMPT = 8
Options = Callable[[Any, torch.Tensor, torch.Tensor], dict[str, Any]]


def _read_once(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, Any]:
    return {k: v for k, v in savings(model, ids, mask).items() if k != "custom_generate"}


_WAYS: dict[str, Options] = {
    "generate": lambda *_: {},
    "and prompts read once": _read_once,
    "and responses leave": savings,
}


def main(
    model: Annotated[str, typer.Option(help="A model of the lane smol.")] = "smollm2",
    responses: Annotated[list[int] | None, typer.Option(help="Of a batch.")] = None,
    repeats: Annotated[int, typer.Option(help="Of each way, in turn.")] = 3,
) -> None:
    """Sample the same responses each way, in turn; print times and their ratios."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    entry = load_registry().model(model)
    folder = base_folder(entry)
    with quiet_libraries():
        network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    families = entry.scored_on or ()
    room = max(FAMILIES[family].tokens for family in families)
    rows = []
    for count in responses or [64, 256]:
        each = count // _TO_A_PROMPT // len(families)
        asked = [p.prompt for family in families for p in held_out_problems(family, each, seed=0)]
        batch = _batch(tokenizer, [prompt for prompt in asked for _ in range(_TO_A_PROMPT)])
        rows += _compared(network, tokenizer, batch, room, repeats)
    headers = ("way", "responses", "rows x steps", "s", "times as fast as generate", "same tokens")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".2f"))


def _batch(tokenizer: Any, prompts: list[str]) -> Any:
    turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
    texts = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return tokenizer(texts, padding=True, padding_side="left", return_tensors="pt")


def _compared(
    network: Any, tokenizer: Any, batch: Any, room: int, repeats: int
) -> list[tuple[str, int, int, float, float, float]]:
    """A row for each way; times are medians, ratios the medians of pairs."""
    ids, mask = batch["input_ids"], batch["attention_mask"]
    drawn: dict[str, torch.Tensor] = {}
    read: list[int] = []
    hook = network.register_forward_pre_hook(
        lambda _, __, inputs: read.append(len(inputs["input_ids"])), with_kwargs=True
    )

    def draw(name: str) -> None:
        torch.manual_seed(0)
        drawn[name] = network.generate(
            input_ids=ids,
            attention_mask=mask,
            **_WAYS[name](network, ids, mask),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            max_new_tokens=room,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )

    taken: dict[str, list[float]] = {name: [] for name in _WAYS}
    steps: dict[str, int] = {}
    with one_thread_per_matrix():
        for _ in range(repeats):
            for name, times in taken.items():
                read.clear()
                times.append(seconds(lambda name=name: draw(name), 1))  # type: ignore[misc]
                steps[name] = sum(read)
    hook.remove()
    own = drawn["generate"]
    return [
        (
            name,
            len(ids),
            steps[name],
            statistics.median(times),
            statistics.median(a / b for a, b in zip(taken["generate"], times, strict=True)),
            float((drawn[name] == own).all(dim=1).float().mean()),
        )
        for name, times in taken.items()
    ]


if __name__ == "__main__":
    typer.run(main)
