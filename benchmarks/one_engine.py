"""Many variants through one vLLM engine, against one start of the engine per variant.

    tox -e vllm --notest && .tox/vllm/bin/python -m benchmarks.one_engine

One start per variant is what scripts do that write merged weights and evaluate them. Each start is
a process of its own, from Python's first import to the last graded response, and so is the one
engine. The machine must be idle, see :mod:`benchmarks.rank1`. Trains the run `qwen3-switch-grpo` if
the cache lacks it.
"""

import os
import statistics
from typing import Annotated

import typer
from tabulate import tabulate

from benchmarks.children import Measured, run

VARIANTS = 20


def main(
    starts: Annotated[
        int, typer.Option(help=f"How many of the {VARIANTS} starts to make; the rest is estimated.")
    ] = VARIANTS,
) -> None:
    """Measure both ways; print times, their ratio, and what swapping adapters costs."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    run("one_engine_work", "prepare")
    together = run("one_engine_work", "together")
    alone = [run("one_engine_work", "alone", str(index)) for index in range(starts)]
    apart = VARIANTS * statistics.mean(child.seconds for child in alone)
    rows = [
        ("one engine", together.seconds, 1),
        (f"one start each ({starts} made)", apart, apart / together.seconds),
    ]
    headers = (f"{VARIANTS} variants", "s", "/ one engine")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".1f"))
    typer.echo("")
    typer.echo(_swaps(together))
    agree = sum(
        child.result["accuracy"] == together.result["accuracies"][index]
        for index, child in enumerate(alone)
    )
    typer.echo(f"\nSame accuracy both ways: {agree} of {starts} variants.")


def _swaps(together: Measured) -> str:
    rows = []
    for way, title in (("adapter", "LoRA adapter"), ("reload", "weights reloaded")):
        taken = [row for row in together.result["swaps"] if row["way"] == way]
        swap = statistics.median(row["swap"] for row in taken)
        score = statistics.median(row["score"] for row in taken)
        rows.append((title, len(taken), swap, score, f"{100 * swap / score:.1f} %"))
    headers = ("way", "variants", "swap, s", "score with swap, s", "swap / score")
    return tabulate(rows, headers, tablefmt="github", floatfmt=".3f")


if __name__ == "__main__":
    typer.run(main)
