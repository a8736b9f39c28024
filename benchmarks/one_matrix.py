"""Rank-1 of one large matrix, against the dense decomposition.

    python -m benchmarks.one_matrix

The machine must be idle, see :mod:`benchmarks.rank1`.
"""

import os
from typing import Annotated

import torch
import typer
from tabulate import tabulate

from alpharl_bench.spectral import decompose, one_thread_per_matrix
from benchmarks.clock import seconds
from benchmarks.synthetic import update
from benchmarks.truth import cosine


def main(
    rows: Annotated[int, typer.Option(help="Of the matrix.")] = 12_288,
    columns: Annotated[int, typer.Option(help="Of the matrix.")] = 4096,
    repeats: Annotated[int, typer.Option(help="Of all but the dense decomposition.")] = 5,
) -> None:
    """Measure the engine, with one thread and with all, and LAPACK; print times and ratios."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    delta = update((rows, columns), torch.Generator().manual_seed(0))
    threads = torch.get_num_threads()
    truth: list[torch.Tensor] = []

    def engine() -> object:
        return decompose(delta, 1)

    def dense() -> None:
        truth[:] = torch.linalg.svd(delta, full_matrices=False)

    times = {"engine, all threads": (seconds(engine, repeats), threads)}
    with one_thread_per_matrix():
        times["engine, one thread"] = (seconds(engine, repeats), 1)
        times["dense, one thread"] = (seconds(dense, 1), 1)
    times["dense, all threads"] = (seconds(dense, 1), threads)
    reference = times["dense, all threads"][0]
    measured = [(title, took, used, reference / took) for title, (took, used) in times.items()]
    found = decompose(delta, 1)
    left, sigma, _ = truth
    headers = (f"{rows} × {columns}", "s", "threads", "dense, all threads / this")
    typer.echo(tabulate(measured, headers, tablefmt="github", floatfmt=".3g"))
    typer.echo(
        f"\nσ₁: relative error {abs(float(found.factors.sigma[0] / sigma[0]) - 1):.1e}; "
        f"|cos(u, u_dense)| {cosine(found.factors.left[:, 0], left[:, 0]):.7f}; "
        f"residual {found.residual:.1e} σ₁"
    )


if __name__ == "__main__":
    typer.run(main)
