"""How the work on matrices is spread over the cores."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from threadpoolctl import ThreadpoolController


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


@cache
def _libraries() -> ThreadpoolController:
    """The BLAS libraries that are loaded; looking for them takes as long as a few matrices."""
    return ThreadpoolController()
