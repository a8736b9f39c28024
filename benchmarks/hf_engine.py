"""The Hugging Face engine against plain ``generate`` on the same work.

    python -m benchmarks.hf_engine

The engine goes through lm-eval, writes a variant's weights into the model and back, and grades
every response; ``generate`` only samples and decodes. The machine must be idle, see
:mod:`benchmarks.rank1`.
"""

import os
import statistics
from typing import Annotated

import torch
import typer
from tabulate import tabulate
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring import Sampling
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import FULL
from alpharl_bench.variants.materialise import UpdateSource
from benchmarks.clock import seconds


def main(
    questions: Annotated[int, typer.Option(help="Of each family of arithmetic.")] = 50,
    samples: Annotated[int, typer.Option(help="To each question.")] = 4,
    repeats: Annotated[int, typer.Option(help="Of each, in turn.")] = 7,
) -> None:
    """Sample the same responses both ways, in turn; print times and their ratio."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    folder = base_folder(load_registry().model("qwen3-switch"))
    run = Run("base", folder, (Checkpoint(1, folder),))
    engine = ScoringEngine(
        run, "", UpdateSource(run), Sampling(questions=questions, samples=samples)
    )
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompts = [question.split("/", 1)[1] for _, question in engine.score(FULL).questions]
    # In the order in which lm-eval asks: the longest first.
    batch = sorted((p for p in prompts for _ in range(samples)), key=lambda p: (-len(p), p))
    texts: list[str] = []

    def plain() -> None:
        torch.manual_seed(0)
        inputs = tokenizer(batch, return_tensors="pt", padding=True, return_token_type_ids=False)
        output = model.generate(
            **inputs, do_sample=True, temperature=1.0, top_p=1.0, top_k=0, max_new_tokens=36
        )
        texts[:] = tokenizer.batch_decode(
            output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )

    plain()
    ours, theirs = [], []
    for _ in range(repeats):
        theirs.append(seconds(plain, 1))
        ours.append(seconds(lambda: engine.score(FULL), 1))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    rows = [
        ("engine", statistics.median(ours), statistics.median(ratios)),
        ("generate", statistics.median(theirs), 1),
    ]
    headers = (f"{len(texts)} responses", "s", "engine / generate, median of pairs")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".3f"))


if __name__ == "__main__":
    typer.run(main)
