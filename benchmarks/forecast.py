"""What each forecast costs, against reading the observed files once.

    python -m benchmarks.forecast
    python -m benchmarks.forecast --large --folder DIR

A synthetic run of 27 checkpoints of which 40 % are observed; the small one has the size of the
zoo's models, the large one the shape of Qwen3-0.6B. Every forecast is a process of its own with an
empty cache, predicts every tensor of the model and drops it; nothing is written but the factors
of the decomposed updates. What `alpharl-bench forecast` does besides, forecasts without each of the
observed checkpoints and their distances, is a column of its own. All files are in the page cache.
Core seconds are those of all threads of the process: what to compare on a busy machine.
"""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from tabulate import tabulate

from benchmarks.children import Measured, run

# Repeated from alpharl_bench.forecast: torch must not be loaded here, see benchmarks.children.
_METHODS = (
    *("alpharl", "alpharl-matched", "alpharl-code", "relex", "rlvr-weights", "expo"),
    *("first-update", "last-checkpoint", "rank1-last", "rank1-sigma"),
)
_MIB = 1 << 20


def main(
    large: Annotated[bool, typer.Option(help="The shape of Qwen3-0.6B: 15 GB on disk.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the run here, or take one that is there.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="The least time of so many counts.")] = 3,
    method: Annotated[
        list[str] | None, typer.Option(help="Only these; may be given many times.")
    ] = None,
) -> None:
    """Measure reading alone and every method; print times, ratios and peak memory."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    size = "large" if large else "small"
    with tempfile.TemporaryDirectory() as scratch:
        there = (folder or Path(scratch)).absolute() / size
        run("forecast_work", "write", there, size)
        rows = {}
        for title in ("read", *(method or _METHODS)):
            taken = []
            for repeat in range(repeats):
                cache = str(Path(scratch) / f"cache-{title}-{repeat}")
                taken.append(run("forecast_work", "work", there, title, ALPHARL_BENCH_CACHE=cache))
            rows[title] = taken
    typer.echo(_table(rows))


def _table(rows: dict[str, list[Measured]]) -> str:
    floor, busy = (_least(rows["read"], figure) for figure in ("seconds", "core_seconds"))
    return tabulate(
        [
            {
                "forecast": title,
                "s": _least(taken, "seconds"),
                "/ reading": _least(taken, "seconds") / floor,
                "core s": _least(taken, "core_seconds"),
                "core s / reading": _least(taken, "core_seconds") / busy,
                "stability, s": _least(taken, "stability"),
                "peak memory, MiB": max(one.peak for one in taken) / _MIB,
            }
            for title, taken in rows.items()
        ],
        headers="keys",
        tablefmt="github",
        floatfmt=".2f",
    )


def _least(taken: list[Measured], figure: str) -> float:
    return min(float(one.result[figure]) for one in taken)


if __name__ == "__main__":
    typer.run(main)
