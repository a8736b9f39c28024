"""How long variants take to score on an idle machine, and beside a busy loop on every core.

    python -m benchmarks.busy

Each is scored with the threads that the harness takes for its model, and with as many as there are
cores. The machine must be idle, see :mod:`benchmarks.rank1`.
"""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import typer
from tabulate import tabulate

from benchmarks.children import run


def main(
    base: Annotated[str, typer.Option(help="A base of the registry that ships.")] = "qwen3-switch",
    variants: Annotated[int, typer.Option(help="How many are scored.")] = 6,
    repeats: Annotated[int, typer.Option(help="Of each way, in turn.")] = 3,
) -> None:
    """Print seconds for all variants, the best and the worst of each, and busy over idle."""
    typer.echo(f"load average before: {os.getloadavg()[0]:.2f}\n")
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(repeats):
        for threads in ("of the harness", "one a core"):
            for machine in ("idle", "busy"):
                with ExitStack() as stack:
                    if machine == "busy":
                        stack.enter_context(_busy())
                    taken = run("busy_work", base, str(variants), threads)
                found.setdefault((threads, machine), []).append(taken.result["seconds"])
    rows = [
        (
            threads,
            *(f"{min(times):.1f} … {max(times):.1f}" for times in (idle, busy)),
            min(busy) / min(idle),
        )
        for threads in ("of the harness", "one a core")
        for idle, busy in [(found[threads, "idle"], found[threads, "busy"])]
    ]
    headers = ("threads", "idle, s", "busy, s", "busy over idle")
    typer.echo(tabulate(rows, headers, tablefmt="github", floatfmt=".2f"))


@contextmanager
def _busy() -> Iterator[None]:
    """A loop that does nothing on every core."""
    loops = [multiprocessing.Process(target=_loop, daemon=True) for _ in range(os.cpu_count() or 1)]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.join()


def _loop() -> None:
    while True:
        pass


if __name__ == "__main__":
    typer.run(main)
