"""What the warm-up of the smol lane's base changes: the form of answers, and what of their truth.

    python -m benchmarks.warm_up

Held-out questions of every family that the lane is scored on, put to the public model and to what
the lane's runs start from: greedily, and sampled at temperature 1. Needs the extra `smol`.
"""

from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from tabulate import tabulate
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.generation import savings
from alpharl_bench.grading import grade
from alpharl_bench.library_logging import quiet_libraries
from alpharl_bench.problems import FAMILIES, held_out_problems
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder

_BATCH = 256
_SAMPLED = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}


def main(
    model: Annotated[str, typer.Argument(help="A model that is warmed up.")] = "smollm2-warm",
    questions: Annotated[int, typer.Option(help="Of each family.")] = 60,
    samples: Annotated[int, typer.Option(help="To each question.")] = 4,
) -> None:
    """Print accuracies, and shares of responses without a number and without an end."""
    entry = load_registry().model(model)
    for name, folder in ((entry.start.name, base_folder(entry.start)), (model, base_folder(entry))):
        answering = _Answering(folder)
        rows = []
        for family in entry.scored_on or ():
            problems = held_out_problems(family, questions, seed=0)
            gold = [problem.answer for problem in problems]
            prompts = [problem.prompt for problem in problems]
            greedy = answering.figures(family, prompts, gold, {"do_sample": False})
            sampled = answering.figures(
                family,
                [prompt for prompt in prompts for _ in range(samples)],
                [answer for answer in gold for _ in range(samples)],
                _SAMPLED,
            )
            rows.append((f"`{family}`", *greedy, *sampled))
        headers = (
            *(name, "greedy: right", "no number", "no end"),
            *("sampled: right", "no number", "no end"),
        )
        typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".3f") + "\n")


class _Answering:
    """A model of a folder that answers prompts in its own chat format."""

    def __init__(self, folder: Path) -> None:
        with quiet_libraries():
            network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self._network: Any = network.eval()
        self._tokenizer = AutoTokenizer.from_pretrained(folder)

    def figures(
        self, family: str, prompts: list[str], gold: list[str], chosen: dict[str, Any]
    ) -> tuple[float, float, float]:
        """The shares of responses that are right, hold no number, and do not end."""
        torch.manual_seed(0)
        found: list[tuple[str, bool]] = []
        for start in range(0, len(prompts), _BATCH):
            found += self._responses(
                prompts[start : start + _BATCH], FAMILIES[family].tokens, chosen
            )
        marks = [
            grade(FAMILIES[family].kind, answer, [text])[0].mark
            for answer, (text, _) in zip(gold, found, strict=True)
        ]
        return (
            sum(mark == "1" for mark in marks) / len(marks),
            sum(mark == "-" for mark in marks) / len(marks),
            sum(not ended for _, ended in found) / len(found),
        )

    def _responses(
        self, prompts: list[str], tokens: int, chosen: dict[str, Any]
    ) -> list[tuple[str, bool]]:
        turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
        texts = self._tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True
        )
        asked = self._tokenizer(texts, padding=True, padding_side="left", return_tensors="pt")
        ids, mask = asked["input_ids"], asked["attention_mask"]
        end = self._tokenizer.eos_token_id
        drawn = self._network.generate(
            input_ids=ids,
            attention_mask=mask,
            **savings(self._network, ids, mask),
            **chosen,
            max_new_tokens=tokens,
            eos_token_id=end,
            pad_token_id=self._tokenizer.pad_token_id,
        )[:, ids.shape[1] :]
        return [
            (self._tokenizer.decode(row, skip_special_tokens=True), end in row)
            for row in drawn.tolist()
        ]


if __name__ == "__main__":
    typer.run(main)
