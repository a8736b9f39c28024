"""Time against the order of a square matrix: the engine's Rank-1 and Rank-16, and LAPACK.

    python -m benchmarks.scaling

All on one thread, so that the exponents say nothing of how threads share a matrix.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import matplotlib as mpl
import numpy as np
import torch
import typer
from matplotlib.figure import Figure
from tabulate import tabulate

from alpharl_bench.reporting import svg
from alpharl_bench.spectral import decompose, one_thread_per_matrix
from benchmarks.clock import seconds
from benchmarks.synthetic import update

mpl.use("Agg")

#: From the title of a curve to order and seconds.
Curves = dict[str, dict[int, float]]

_ENGINE = {"engine, Rank-1": 1, "engine, Rank-16": 16}
_DENSE = "dense"
_COLOURS = ("#0b6e99", "#3a7d44", "#d1495b")
_MARKERS = ("o", "s", "^")


def main(
    out: Annotated[Path, typer.Option(help="The figure.")] = Path("docs/figures/scaling.svg"),
    smallest: Annotated[int, typer.Option(help="The first order.")] = 512,
    largest: Annotated[int, typer.Option(help="The orders double up to here.")] = 8192,
    dense_up_to: Annotated[int, typer.Option(help="8192 takes minutes for dense.")] = 4096,
    repeats: Annotated[int, typer.Option(help="The median of so many is taken.")] = 3,
) -> None:
    """Measure, print the times and the fitted exponents, and draw them."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    orders = [smallest << i for i in range((largest // smallest).bit_length())]
    curves: Curves = {title: {} for title in (*_ENGINE, _DENSE)}
    for order in orders:
        delta = update((order, order), torch.Generator().manual_seed(order))
        with one_thread_per_matrix():
            for title, rank in _ENGINE.items():
                curves[title][order] = seconds(_engine(delta, rank), repeats)
            if order <= dense_up_to:
                curves[_DENSE][order] = seconds(_dense(delta), repeats)
    rows = [[order, *(curve.get(order) for curve in curves.values())] for order in orders]
    typer.echo(
        tabulate(rows, ["order", *(f"{t}, s" for t in curves)], tablefmt="github", floatfmt=".3g")
    )
    for title, curve in curves.items():
        typer.echo(f"{title}: time ~ order^{exponent(curve):.2f}")
    draw(curves, out)


def exponent(curve: dict[int, float]) -> float:
    """The p of time ~ orderᵖ, by least squares on logarithmic scales."""
    return float(np.polyfit(np.log(list(curve)), np.log(list(curve.values())), 1)[0])


def draw(curves: Curves, path: Path) -> None:
    """Draw every curve into ``path``."""
    style: dict[Any, Any] = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(style):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        for (title, curve), colour, marker in zip(curves.items(), _COLOURS, _MARKERS, strict=True):
            label = f"{title}: $n^{{{exponent(curve):.2f}}}$"
            axes.loglog(list(curve), list(curve.values()), color=colour, marker=marker, label=label)
        orders = list(next(iter(curves.values())))
        axes.set_xticks(orders, [str(order) for order in orders])
        axes.minorticks_off()
        axes.set_xlabel("order n of the square matrix")
        axes.set_ylabel("time per matrix on one thread, s")
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
        svg.save(figure, path)


def _engine(delta: torch.Tensor, rank: int) -> Callable[[], object]:
    return lambda: decompose(delta, rank)


def _dense(delta: torch.Tensor) -> Callable[[], object]:
    return lambda: torch.linalg.svd(delta, full_matrices=False)


if __name__ == "__main__":
    typer.run(main)
