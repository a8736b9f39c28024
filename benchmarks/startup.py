"""How long it takes until a command answers: help, and pytest's collection of one suite.

    python -m benchmarks.startup

Every start is a Python of its own; the first of each, which fills the disk's cache and compiles, is
not counted. The machine must be idle, see :mod:`benchmarks.rank1`.
"""

import os
import resource
import shutil
import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer
from tabulate import tabulate

from alpharl_bench.invocation import pytest_arguments

#: The command, and the seconds that it may take on two idle cores.
_LIMITS = {
    ("alpharl-bench", "--help"): 1.5,
    ("alpharl-bench", "doctor", "--help"): 1.5,
    ("pytest", *pytest_arguments(["property1"]), "--collect-only", "-q"): 4.0,
}


def main(
    repeats: Annotated[int, typer.Option(help="Of each command; the fastest counts.")] = 5,
) -> None:
    """Print the seconds of every command beside what it may take."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    rows = []
    for words, limit in _LIMITS.items():
        _started(words)
        taken = [_started(words) for _ in range(repeats)]
        seconds, core_seconds = min(taken)
        name = " ".join(Path(word).name for word in words)
        rows.append((name, seconds, core_seconds, limit, "yes" if seconds <= limit else "NO"))
    headers = ("command", "s", "core s", "may take, s", "within")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".2f"))


def _started(words: tuple[str, ...]) -> tuple[float, float]:
    """Seconds of a command, and those of all cores."""
    script = shutil.which(words[0])
    if script is None:
        raise FileNotFoundError(words[0])
    before, begun = _core_seconds(), time.perf_counter()
    subprocess.run([script, *words[1:]], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun, _core_seconds() - before


def _core_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    typer.run(main)
