"""Comparisons in worker processes that are killed when they take too long."""

<<<<<<< HEAD
from collections.abc import Iterable
=======
The workers are forked from a server process that has sympy loaded, so a new one costs
milliseconds. They start when the first comparison needs them and end with this process.
"""

import atexit
import math
import os
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
>>>>>>> grading

from alpharl_bench.grading.maths import Comparison, compare
from alpharl_bench.limited import LimitedWorkers

#: Processor time for one comparison; gold answers against rewritten forms take up to 0.3 s. Of the
#: clock it may take more, so that no mark depends on what else the machine does.
COMPARISON_SECONDS = 5.0
_CLOCK_SECONDS_PER_SECOND = 20
#: Memory that a worker may take beyond what it has when it starts.
COMPARISON_BYTES = 1 << 30

Pair = tuple[str, str]

_WORKERS = LimitedWorkers(compare.__module__, COMPARISON_BYTES)


def compare_all(pairs: Iterable[Pair]) -> dict[Pair, Comparison | None]:
    """Compare pairs of a gold answer and an answer, in parallel.

    Returns:
        For each pair its comparison, or None where time, memory or recursion ran out.

    Raises:
        AlphaRLBenchError: worker processes do not start.
    """
<<<<<<< HEAD
    compared = _WORKERS.done(compare, pairs, COMPARISON_SECONDS)
    return {
        pair: found if isinstance(found, Comparison) else None for pair, found in compared.items()
    }
=======
    compared: dict[Pair, Comparison | None] = {}
    deaths: Counter[Pair] = Counter()
    pending = list(dict.fromkeys(pairs))
    rounds = 0
    while pending:
        rounds += 1
        if rounds > _MAX_BREAKS + _TRIES:
            raise AlphaRLBenchError(
                "grading: the worker processes that compare answers end as soon as they start; a "
                "script that grades needs its calls below `if __name__ == '__main__':`, otherwise "
                "the machine is out of memory or processes"
            )
        futures = _scheduled(pending)
        for pair, future in futures.items():
            if not future.done():
                continue
            error = future.exception()
            if error is None:
                compared[pair] = future.result()
            elif isinstance(error, ProcessExpired):
                deaths[pair] += 1
                if deaths[pair] == _TRIES or error.exitcode == -signal.SIGXCPU:
                    compared[pair] = None
            elif not isinstance(error, BrokenProcessPool):
                compared[pair] = None
        pending = [pair for pair in pending if pair not in compared]
    return compared


def _scheduled(pairs: list[Pair]) -> dict[Pair, Future[Comparison]]:
    """Their futures, once all are done or the pool has broken."""
    futures: dict[Pair, Future[Comparison]] = {}
    try:
        pool = _running_pool()
        for pair in pairs:
            futures[pair] = pool.schedule(
                _timed,
                args=(compare, *pair, COMPARISON_SECONDS),
                timeout=COMPARISON_SECONDS * _CLOCK_SECONDS_PER_SECOND,
            )
    except RuntimeError:  # broken in between: what is left is scheduled in the next pool
        return futures
    left = set(futures.values())
    while left:
        left = wait(left, timeout=_POLL_SECONDS).not_done
        # A broken pool forgets the comparisons that it had not begun to read.
        if not pool.active:
            break
    return futures


def _running_pool() -> ProcessPool:
    global _pool  # noqa: PLW0603  (one pool for the process, started when it is first needed)
    with _lock:
        if _pool is None or not _pool.active:
            context = get_context(_start_method)
            context.set_forkserver_preload([compare.__module__])
            cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
            _pool = ProcessPool(max_workers=cores or 1, initializer=_limit, context=context)
        return _pool


def _timed(
    compare: Callable[[str, str], Comparison], gold: str, answer: str, seconds: float
) -> Comparison:
    """Compare in a worker that the kernel ends after as much processor time, C code or not."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (until, most))
    return compare(gold, answer)


def _limit() -> None:
    """Limit the memory of a worker, and let it die at once when it is told to."""
    # Python's handlers wait for C code to return, which a bomb does not.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS knows the limit and ignores it
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + COMPARISON_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _forget() -> None:
    """Start anew in a forked child, which has the pool and its server but not their threads."""
    global _start_method, _pool, _lock
    _start_method, _pool, _lock = "spawn", None, threading.Lock()


@atexit.register
def _close() -> None:
    if _pool is not None:
        _pool.stop()  # type: ignore[no-untyped-call]
        _pool.join()


os.register_at_fork(after_in_child=_forget)
>>>>>>> grading
