"""How work on matrices and models is spread over the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

from alpharl_bench.lazy import torch

#: Parameters up to which a model takes one thread (docs/performance.md has the measurement).
SMALL_MODEL = 20_000_000

Item = TypeVar("Item")
Made = TypeVar("Made")


def spread(
    work: Callable[[Item], Made], items: Iterable[Item], workers: int | None = None
) -> list[Made]:
    """What is made of each item, in their order; one is worked on at a time on each core.

    The first error ends it: what has not begun then is not done.

    Args:
        work: is done with one BLAS thread.
        items: the inputs of the work.
        workers: the number of parallel workers; by default torch's number of threads.
    """
    with ThreadPoolExecutor(workers or torch.get_num_threads()) as pool, one_thread_per_matrix():
        jobs = [pool.submit(work, item) for item in items]
        try:
            for job in as_completed(jobs):
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)
        return [job.result() for job in jobs]


@contextmanager
def one_thread_per_matrix() -> Iterator[None]:
    """One BLAS thread for each worker: faster than many threads on one matrix after another.

    The sums are then split in the same way on every machine, and the bits do not depend on the
    number of cores.
    """
    before = torch.get_num_threads()
    with _libraries().limit(limits=1):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def threads_of_model(parameters: int) -> AbstractContextManager[None]:
    """The threads that a model generates with: one for a small model, as many as there are else.

    The operations of a small model are short. Threads that share one wait for the slowest of them,
    and on a machine that does anything else for a core.

    Args:
        parameters: the number of the model's parameters.
    """
    return one_thread_per_matrix() if parameters <= SMALL_MODEL else nullcontext()


@cache
def _libraries() -> ThreadpoolController:
    """The BLAS libraries of numpy and scipy; looking for them takes as long as a few matrices."""
    # Only those are found that are loaded.
    import scipy.linalg  # noqa: F401, PLC0415

    return ThreadpoolController()
