"""What a decomposition takes of memory beside its matrix, in copies of it.

python -m benchmarks.solver_memory
"""

import subprocess
import sys
from resource import RUSAGE_SELF, getrusage

import torch
import typer
from tabulate import tabulate

from alpharl_bench.spectral.svd import decompose

_ROWS, _COLUMNS = 2048, 6144
_RANKS = (1, 16, 64, _ROWS)


def main(rank: int | None = None) -> None:
    """Decompose a Gaussian matrix at several ranks, each in a process of its own."""
    if rank is not None:
        typer.echo(_measured(rank))
        return
    rows = [(wanted, *_in_a_process(wanted).split()) for wanted in _RANKS]
    headers = ("rank", "solver", "copies")
    typer.echo(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


def _in_a_process(rank: int) -> str:
    # The peak of a process only grows: every rank takes one that has decomposed nothing.
    command = [sys.executable, "-m", "benchmarks.solver_memory", "--rank", str(rank)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _measured(rank: int) -> str:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    delta = torch.randn(_ROWS, _COLUMNS)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    found = decompose(delta, rank)
    grown = (getrusage(RUSAGE_SELF).ru_maxrss - before) * 1024  # counted in KiB
    return f"{found.method} {grown / (delta.numel() * delta.element_size()):.1f}"


if __name__ == "__main__":
    typer.run(main)
