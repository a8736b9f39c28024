"""Work in processes that are killed when they take too much time or memory.

What others wrote (answers of a model, chat templates) can ask for work without an end, in C code
that no signal handler interrupts. The workers start with the first task and end with this process.
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
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.extras import requiring

with requiring("score"):
    from pebble import ProcessExpired, ProcessPool

#: A task whose worker died, which need not be its fault, is tried once more.
_TRIES = 2
#: The pool breaks where a worker dies that had nothing to do. More often in one call is a fault.
_MAX_BREAKS = 5
#: Of the clock a task may take more than of the processor: no result depends on what else runs.
_CLOCK_SECONDS_PER_SECOND = 20
#: How often to look whether the pool is still there.
_POLL_SECONDS = 1.0

Task = TypeVar("Task", bound=tuple[Any, ...])
Result = TypeVar("Result")


class LimitedWorkers:
    """Worker processes for one kind of task.

    Args:
        module: the name of the module that a worker loads before its memory is limited.
        memory: bytes that a worker may take beyond that.
        alone: one worker, for a task of which there is one in a session: it starts by itself. The
            others, one for each core, are forked from a server process that has the module loaded,
            so a new one costs milliseconds.
    """

    def __init__(self, module: str, memory: int, *, alone: bool = False) -> None:
        self._module, self._memory, self._alone = module, memory, alone
        self._start_method = "spawn" if alone else "forkserver"
        self._pool: ProcessPool | None = None
        self._lock = threading.Lock()
        _ALL.add(self)

    def done(
        self, work: Callable[..., Result], tasks: Iterable[Task], seconds: float
    ) -> dict[Task, Result | BaseException]:
        """Do tasks in parallel.

        Args:
            work: a function of a module.
            tasks: its arguments.
            seconds: processor time for one task.

        Returns:
            For each task what the function returned or raised: ``TimeoutError`` where time ran out,
            ``ProcessExpired`` where the worker died twice, mostly of memory.

        Raises:
            AlphaRLBenchError: worker processes do not start.
        """
        done: dict[Task, Result | BaseException] = {}
        deaths: Counter[Task] = Counter()
        pending = list(dict.fromkeys(tasks))
        rounds = 0
        while pending:
            rounds += 1
            if rounds > _MAX_BREAKS + _TRIES:
                raise AlphaRLBenchError(
                    "the worker processes that compare answers and render prompts end as soon as "
                    "they start; a script that grades needs its calls below "
                    "`if __name__ == '__main__':`, otherwise the machine is out of memory or "
                    "processes"
                )
            futures = self._scheduled(work, pending, seconds)
            for task, future in futures.items():
                if not future.done():
                    continue
                error = future.exception()
                if isinstance(error, ProcessExpired) and error.exitcode == -signal.SIGXCPU:
                    done[task] = TimeoutError(f"{seconds:g} s of processor time")
                elif isinstance(error, ProcessExpired):
                    deaths[task] += 1
                    if deaths[task] == _TRIES:
                        done[task] = error
                elif not isinstance(error, BrokenProcessPool):
                    done[task] = future.result() if error is None else error
            pending = [task for task in pending if task not in done]
        return done

    def _scheduled(
        self, work: Callable[..., Result], tasks: list[Task], seconds: float
    ) -> dict[Task, Future[Result]]:
        """Their futures, once all are done or the pool has broken."""
        futures: dict[Task, Future[Result]] = {}
        try:
            pool = self._running()
            for task in tasks:
                futures[task] = pool.schedule(
                    _timed,
                    args=(work, task, seconds),
                    timeout=seconds * _CLOCK_SECONDS_PER_SECOND,
                )
        except RuntimeError:  # broken in between: what is left is scheduled in the next pool
            return futures
        left = set(futures.values())
        while left:
            left = wait(left, timeout=_POLL_SECONDS).not_done
            # A broken pool forgets the tasks that it had not begun to read.
            if not pool.active:
                break
        return futures

    def _running(self) -> ProcessPool:
        with self._lock:
            if self._pool is None or not self._pool.active:
                context = get_context(self._start_method)
                if self._start_method == "forkserver":
                    context.set_forkserver_preload([self._module])
                cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
                self._pool = ProcessPool(
                    max_workers=1 if self._alone else cores or 1,
                    initializer=_limit,
                    initargs=[self._module, self._memory],
                    context=context,
                )
            return self._pool

    def forget(self) -> None:
        """Start anew in a forked child, which has the pool and its server but not their threads."""
        self._start_method, self._pool, self._lock = "spawn", None, threading.Lock()

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()


_ALL: WeakSet[LimitedWorkers] = WeakSet()


def _timed(work: Callable[..., Result], task: tuple[Any, ...], seconds: float) -> Result:
    """Do a task in a worker that the kernel ends after as much processor time, C code or not."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (until, most))
    return work(*task)


def _limit(module: str, memory: int) -> None:
    """Limit the memory of a worker, and let it die at once when it is told to."""
    # Python's handlers wait for C code to return, which a bomb does not.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import_module(module)
    if sys.platform == "linux":  # macOS knows the limit and ignores it
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _forget() -> None:
    for workers in list(_ALL):
        workers.forget()


@atexit.register
def _close() -> None:
    for workers in list(_ALL):
        workers.close()


os.register_at_fork(after_in_child=_forget)
