"""Rank-1 of all attention and MLP matrices of a model, against the dense decomposition.

    python -m benchmarks.rank1
    python -m benchmarks.rank1 --layers 2 --folder DIR

Each line of the table is a process of its own. All read the same files, which are in the page cache
by then, and all but the dense ones are measured in turns. The machine must be idle: LAPACK's
threads wait for each other, and where one of them shares its core the dense decomposition can take
several times as long, which would flatter the engine.
"""

import os
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from tabulate import tabulate

from benchmarks.children import Measured, run

# Repeated from benchmarks.synthetic: torch must not be loaded here, see benchmarks.children.
Size = Literal["qwen3-0.6b", "tiny"]

_MIB = 1 << 20


def main(
    folder: Annotated[
        Path | None, typer.Option(help="Keep the model pair here, or take one that is there.")
    ] = None,
    size: Annotated[Size, typer.Option(help="The architecture.")] = "qwen3-0.6b",
    layers: Annotated[int | None, typer.Option(help="Fewer than the architecture has.")] = None,
    repeats: Annotated[int, typer.Option(help="Of all but the dense decomposition.")] = 3,
) -> None:
    """Measure reading alone, the engine, and the dense decomposition; print times and ratios."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    with tempfile.TemporaryDirectory() as scratch:
        pair = (folder or Path(scratch)).absolute() / f"{size}-{layers or 'all'}"
        run("synthetic", pair, "--size", size, *(["--layers", str(layers)] if layers else []))
        _read(pair)
        measured: dict[str, list[Measured]] = {"floor": [], "engine": [], "engine, warm store": []}
        for repeat in range(repeats):
            cache = str(Path(scratch) / f"cache-{repeat}")
            for title, runs in measured.items():
                command = title.partition(",")[0]
                runs.append(run("rank1_work", command, pair, ALPHARL_BENCH_CACHE=cache))
        for title, options in {"dense": [], "dense, a thread each": ["--one-thread-each"]}.items():
            dense = run("rank1_work", "dense", pair, *options, ALPHARL_BENCH_CACHE=cache)
            measured[title] = [dense]
    typer.echo(_times(measured))
    typer.echo(_figures(measured))


def _read(pair: Path) -> None:
    """Bring every file into the page cache."""
    for path in pair.glob("*/*.safetensors"):
        with path.open("rb") as file:
            while file.read(_MIB):
                pass


def _times(measured: dict[str, list[Measured]]) -> str:
    rows = [
        {
            "measured": title,
            "work, s": _work(runs),
            "whole process, s": statistics.median(one.seconds for one in runs),
            "of all cores, s": statistics.median(one.core_seconds for one in runs),
            "peak memory, MiB": max(one.peak for one in runs) / _MIB,
            "threads": runs[0].result["threads"],
            "matrices": runs[0].result["matrices"],
            "repeats": len(runs),
        }
        for title, runs in measured.items()
    ]
    return tabulate(rows, headers="keys", tablefmt="github", floatfmt=".2f") + "\n"


def _figures(measured: Mapping[str, Sequence[Measured]]) -> str:
    engine, floor, dense = measured["engine"], measured["floor"], measured["dense"]
    fair = measured["dense, a thread each"]
    found = dense[0].result
    peak = max(one.peak for one in engine) / (1 << 30)
    rows = [
        ("dense / engine", f"{_work(dense) / _work(engine):.1f}", "≥ 10"),
        ("dense, a thread each / engine", f"{_work(fair) / _work(engine):.1f}", ""),
        ("engine / floor", f"{_work(engine) / _work(floor):.2f}", "≤ 4"),
        ("peak memory of the engine", f"{peak:.2f} GiB", "< 1.5 GiB"),
        ("largest relative error of σ₁", f"{found['sigma_error']:.1e}", "≤ 1e-4"),
        (
            f"smallest cos(u, ±u_dense) of {found['compared']} with σ₂/σ₁ ≤ 0.95",
            f"{found['cosine']:.7f}",
            "≥ 0.9999",
        ),
        ("σ₂/σ₁, mean", f"{found['gap']:.3f}", "0.9"),
        (
            "Rank-1 fraction, mean (least)",
            f"{found['fraction']:.3f} ({found['least_fraction']:.3f})",
            "0.2",
        ),
    ]
    headers = ("figure", "measured", "target")
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def _work(runs: Sequence[Measured]) -> float:
    """Seconds of the work alone: without the start of Python and the imports."""
    return float(statistics.median(one.result["seconds"] for one in runs))


if __name__ == "__main__":
    typer.run(main)
