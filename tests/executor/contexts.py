"""Work for the processes of a cluster, which import this file and no torch."""

import os
import signal
import time
from pathlib import Path

from alpharl_bench.errors import AlphaRLBenchError


class Counter:
    """Counts what it was asked for; a copy in another process begins anew.

    A worker closes it when it is given another, which may be long after: in ``folder``, and not in
    the worker's own.
    """

    def __init__(self, folder: Path, name: str = "counter") -> None:
        self.folder, self.name, self.done = folder, name, 0

    def __reduce__(self):
        return type(self), (self.folder, self.name)

    def close(self) -> None:
        (self.folder / f"closed-{self.name}-{os.getpid()}").touch()


def square(context: Counter, number: int) -> tuple[str, int, int, int]:
    """(the context, the square, how many the process has done at this context, the process)."""
    context.done += 1
    return context.name, number**2, context.done, os.getpid()


def die_once(context: Counter, number: int) -> int:
    """Of three units the second kills the process that first does it."""
    flag = context.folder / "died"
    if number == 1 and not flag.exists():
        flag.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(context: Counter, number: int) -> None:
    """A unit that kills every process, which says so."""
    (context.folder / f"dead-{os.getpid()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def mistake(context: Counter, number: int) -> int:
    """A unit that a user has to put right."""
    if number == 1:
        raise AlphaRLBenchError("what is wrong, where, what to do")
    return number


def fail_on_first_host(context: Counter, number: int) -> tuple[int, str]:
    """A unit that fails wherever it is done first, whose host has a fault."""
    import ray  # noqa: PLC0415  (in its process alone)

    host = ray.get_runtime_context().get_node_id()
    with (context.folder / f"tried-{number}").open("a") as tried:
        tried.write(f"{host}\n")
    if len((context.folder / f"tried-{number}").read_text().splitlines()) == 1 and number == 1:
        raise OSError("this host has a full disk")
    return number, host


def where(context: Counter, number: int) -> str:
    """The host of its worker, which takes its time."""
    import ray  # noqa: PLC0415  (in its process alone)

    time.sleep(0.5)
    return ray.get_runtime_context().get_node_id()


def gpus(context: Counter, number: int) -> str:
    """The GPUs that its worker sees."""
    return os.environ["CUDA_VISIBLE_DEVICES"]


def fault(context: Counter, number: int) -> float:
    """A unit with a fault of the program."""
    return 1 / number
