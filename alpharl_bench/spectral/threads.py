"""How the work on matrices is spread over the cores."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def one_thread_per_matrix() -> Iterator[None]:
    """One BLAS thread for each worker: faster than many threads on one matrix after another.

    The sums are then split in the same way on every machine, and the bits do not depend on the
    number of cores.
    """
    before = torch.get_num_threads()
    with threadpool_limits(1):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)
