"""What :mod:`benchmarks.rank1` measures, one subcommand each; every one prints a line of JSON."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
import typer

from alpharl_bench.checkpoints import WeightFiles, module_names
from alpharl_bench.spectral import UpdateFactors, one_thread_per_matrix
from benchmarks.truth import cosine

app = typer.Typer()


@app.command()
def floor(folder: Path) -> None:
    """Form every update matrix in float32, on as many threads as the engine, and drop it."""
    base, trained = _open(folder)
    names = module_names(base)
    workers = torch.get_num_threads()

    def form(name: str) -> None:
        trained.delta(base, name)

    start = time.perf_counter()
    with one_thread_per_matrix(), ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(form, names):
            pass
    _report(time.perf_counter() - start, matrices=len(names), threads=workers)


@app.command()
def engine(folder: Path) -> None:
    """Fill the factor store with Rank-1 of every matrix: digests, reading, solving, writing."""
    base, trained = _open(folder)
    start = time.perf_counter()
    factors = UpdateFactors(base, trained)
    factors.prepare(lambda _: 1)
    seconds = time.perf_counter() - start
    _report(seconds, matrices=len(factors.modules), threads=torch.get_num_threads())


@app.command()
def dense(folder: Path, one_thread_each: bool = False) -> None:
    """Decompose every matrix by LAPACK; then compare with the engine's store.

    By default with all threads on one matrix after another, as the authors' scripts and mergekit
    do; else as the engine spreads its work, which LAPACK gains from too.
    """
    base, trained = _open(folder)
    names = module_names(base)
    workers = torch.get_num_threads()

    def solve(name: str) -> tuple[torch.Tensor, torch.Tensor]:
        left, sigma, _ = torch.linalg.svd(trained.delta(base, name), full_matrices=False)
        # A copy: a view of one column would keep the whole basis.
        return left[:, 0].clone(), sigma

    start = time.perf_counter()
    if one_thread_each:
        with one_thread_per_matrix(), ThreadPoolExecutor(workers) as pool:
            truth = dict(zip(names, pool.map(solve, names), strict=True))
    else:
        truth = {name: solve(name) for name in names}
    seconds = time.perf_counter() - start
    store = UpdateFactors(base, trained)
    errors, cosines, gaps, fractions = [], [], [], []
    for name, (left, sigma) in truth.items():
        found = store.module(name, 1).factors
        errors.append(abs(float(found.sigma[0] / sigma[0]) - 1))
        gaps.append(float(sigma[1] / sigma[0]))
        fractions.append(float(sigma[0] / torch.linalg.vector_norm(sigma)))
        if gaps[-1] <= _GAP:
            cosines.append(cosine(found.left[:, 0], left))
    _report(
        seconds,
        matrices=len(names),
        threads=workers,
        sigma_error=max(errors),
        cosine=min(cosines),
        gap=sum(gaps) / len(gaps),
        compared=len(cosines),
        fraction=sum(fractions) / len(fractions),
        least_fraction=min(fractions),
    )


def _open(folder: Path) -> tuple[WeightFiles, WeightFiles]:
    return WeightFiles(folder / "base"), WeightFiles(folder / "trained")


def _report(seconds: float, **result: Any) -> None:
    typer.echo(json.dumps({"seconds": seconds, **result}))


# A direction is comparable where the next singular value is 5 % or more below.
_GAP = 0.95

if __name__ == "__main__":
    app()
