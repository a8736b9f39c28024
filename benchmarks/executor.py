"""The same units of work in this process, by one Ray worker and by two.

    python -m benchmarks.executor RUN

RUN is a folder of checkpoints, as `alpharl-bench zoo train qwen3-carry-grpo` leaves one in the
cache. Each way starts from an empty cache, with one thread for each process; the machine must be
idle, see :mod:`benchmarks.rank1`.
"""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from tabulate import tabulate

from alpharl_bench.cache import CACHE_VARIABLE
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from benchmarks.children import run

#: The way, and how many workers a cluster of its own has.
_WAYS = {"local": 0, "one Ray worker": 1, "two Ray workers": 2}


def main(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A folder of checkpoints.")],
    base: Annotated[Path | None, typer.Option(help="Default: the base of qwen3-switch.")] = None,
    variants: Annotated[int, typer.Option(help="To score, Rank-1 to Rank-N.")] = 16,
    repeats: Annotated[int, typer.Option(help="Of each way, in turn.")] = 3,
) -> None:
    """Print seconds and ratios, and whether all ways gave the same scores."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    base = base or base_folder(load_registry().model("qwen3-switch"))
    found: dict[str, list[dict[str, float]]] = {way: [] for way in _WAYS}
    digests = set()
    for _ in range(repeats):
        for way, workers in _WAYS.items():
            with tempfile.TemporaryDirectory() as cache:
                settings = {
                    CACHE_VARIABLE: cache,
                    "OMP_NUM_THREADS": "1",
                    "RAY_OVERRIDE_RESOURCES": f'{{"CPU": {workers}, "GPU": 0}}',
                }
                taken = run("executor_work", folder, base, str(variants), str(workers), **settings)
            digests.add(taken.result.pop("digest"))
            found[way].append(taken.result)
    best = {
        way: {part: min(taken[part] for taken in several) for part in several[0]}
        for way, several in found.items()
    }
    one = best["one Ray worker"]
    rows = [
        (way, *taken.values(), one["score"] / taken["score"], one["decompose"] / taken["decompose"])
        for way, taken in best.items()
    ]
    headers = ("the best of each, s", *one, "score: × one worker", "decompose: × one worker")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".2f"))
    typer.echo(f"\nscores: {'the same bits in all' if len(digests) == 1 else 'NOT THE SAME'}")


if __name__ == "__main__":
    typer.run(main)
