"""Train many runs side by side, each in one thread of a process of its own."""

import multiprocessing
import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from alpharl_bench.cache import cache_root
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import Registry, RunEntry
from alpharl_bench.runs.bases import base_folder, bases_of, is_built
from alpharl_bench.runs.disk import require_space
from alpharl_bench.runs.multi_run_progress import MultiRunProgress
from alpharl_bench.runs.pace import training_work
from alpharl_bench.runs.status import last_step, missing_bytes, training_status, untrained
from alpharl_bench.runs.trained import TrainedRun

# A process that was asked to end and does not is killed after so many seconds.
_PATIENCE = 5.0


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def train_all(
    entries: Sequence[RunEntry], registry: Registry, workers: int | None = None
) -> dict[str, str]:
    """Train what the cache lacks of these runs and of their teachers, the longest first.

    Runs that are taught by another wait until all of these are trained.

    A run has the same weights, bit for bit, as if it were trained alone. A run that fails, or whose
    process is killed, stops no other. An interrupt stops all at once; what they have is kept, and
    they go on from there when next asked for. To be called by the main thread.

    Args:
        entries: the runs.
        registry: the registry with their recipes.
        workers: the number of parallel trainings; by default one per core.

    Returns:
        What went wrong by the name of the run; empty if nothing did.

    Raises:
        AlphaRLBenchError: there is no room for the runs.
    """
    wanted = untrained(entries, registry)
    if not wanted:
        return {}
    room = sum(missing_bytes(entry, registry) for entry in wanted)
    require_space(room, f"training {len(wanted)} runs")
    faults = _build_bases(wanted, registry)
    steps = {
        entry.name: (last_step(entry, registry), training_status(entry, registry).step)
        for entry in wanted
    }
    with MultiRunProgress(steps) as shown:
        for runs in _generations(wanted, registry):
            for run in runs:
                if (teacher := _teacher_run(run, registry)) in faults:
                    faults.setdefault(run.name, f"its teacher '{teacher}': {faults[teacher]}")
                if run.name in faults:
                    shown.end(run.name, faults[run.name])
            able = [run for run in runs if run.name not in faults]
            able.sort(key=lambda run: training_work(run, registry), reverse=True)
            faults |= _Crew(registry, able, shown).work(min(workers or cores(), len(able)))
    return faults


def _generations(runs: Sequence[RunEntry], registry: Registry) -> Iterator[list[RunEntry]]:
    """The runs, those that another of them teaches after it."""
    while runs:
        names = {run.name for run in runs}
        yield [run for run in runs if _teacher_run(run, registry) not in names]
        runs = [run for run in runs if _teacher_run(run, registry) in names]


def _teacher_run(entry: RunEntry, registry: Registry) -> str:
    """The name of the run that teaches this one, empty if none does."""
    teacher = registry.teacher(entry)
    return teacher.name if isinstance(teacher, RunEntry) else ""


class _Crew:
    """Processes that train one run after the other, and what they report."""

    def __init__(
        self, registry: Registry, runs: Sequence[RunEntry], shown: MultiRunProgress
    ) -> None:
        self._registry, self._waiting, self._shown = registry, deque(runs), shown
        self._busy: dict[Connection, _Worker] = {}
        self._faults: dict[str, str] = {}

    def work(self, workers: int) -> dict[str, str]:
        """Train all runs; the faults by run."""
        try:
            for _ in range(workers):
                self._hand_out(_Worker(self._registry))
            while self._busy:
                heard = wait(list(self._busy))
                for worker in [w for c, w in self._busy.items() if c in heard]:
                    self._hear(worker)
        finally:
            # All of them first: none should train on while another one ends.
            for worker in self._busy.values():
                worker.process.terminate()
            for worker in self._busy.values():
                worker.end()
        return self._faults

    def _hand_out(self, worker: "_Worker") -> None:
        if not self._waiting:
            worker.end()
            return
        run = self._waiting.popleft()
        worker.run = run.name
        worker.connection.send(run)
        self._busy[worker.connection] = worker
        self._shown.begin(run.name)

    def _hear(self, worker: "_Worker") -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionError):
            del self._busy[worker.connection]
            self._over(worker.run, worker.last_words())
            if self._waiting:
                self._hand_out(_Worker(self._registry))
            return
        if isinstance(message, _Moved):
            self._shown.move(worker.run, message.done, message.figure)
            return
        del self._busy[worker.connection]
        self._over(worker.run, message.fault)
        self._hand_out(worker)

    def _over(self, run: str, fault: str) -> None:
        if fault:
            self._faults[run] = fault
        self._shown.end(run, fault)


@dataclass(frozen=True)
class _Moved:
    """So many steps are done; ``figure`` is the newest value by name."""

    done: int
    figure: str


@dataclass(frozen=True)
class _Over:
    """The run is over, and whole where there is no fault."""

    fault: str = ""


class _Worker:
    """A process that trains what it is sent, and the connection to it."""

    def __init__(self, registry: Registry) -> None:
        context = multiprocessing.get_context("spawn")
        self.run = ""
        self.connection, other = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(other, registry), daemon=True
        )
        # Inherited: an interrupt from the keyboard reaches all processes, and is this one's matter.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        other.close()

    def end(self) -> None:
        """Let the process end, which it does when nothing more can be sent to it."""
        self.connection.close()
        self.process.join(_PATIENCE)
        self.process.kill()
        self.process.join()

    def last_words(self) -> str:
        """What is known of a process that died."""
        self.end()
        return f"its process died (exit code {self.process.exitcode}); its output: {_log(self.run)}"


class _Wire:
    """A display at the other end of a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, title: str, total: int, done: int) -> None:
        self._connection.send(_Moved(done, ""))

    def move(self, done: int, figure: str) -> None:
        # Fails when the other end is gone: nobody should train for a killed command.
        self._connection.send(_Moved(done, figure))

    def end(self) -> None:
        """The worker itself says when the run is whole."""


def _serve(connection: Connection, registry: Registry) -> None:
    while True:
        try:
            run = connection.recv()
        except EOFError:
            return
        connection.send(_Over(_attempt(run, registry, connection)))


def _attempt(run: RunEntry, registry: Registry, connection: Connection) -> str:
    """Train a run; what went wrong, or nothing."""
    # Imported here: it loads transformers, which the command that starts the workers does without.
    from alpharl_bench.training.progress import shown_by  # noqa: PLC0415

    log = _log(run.name)
    log.parent.mkdir(exist_ok=True)
    # Its own output would garble the display.
    with log.open("w", encoding="utf-8") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    try:
        with shown_by(_Wire(connection)):
            TrainedRun(run, registry).open()
    except Exception as error:  # noqa: BLE001  (whatever it is: other runs go on)
        return _fault(error, log)
    return ""


def _fault(error: Exception, log: Path) -> str:
    if isinstance(error, AlphaRLBenchError):
        return str(error)
    log.parent.mkdir(exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    return f"{traceback.format_exception_only(error)[-1].strip()}; more in {log}"


def _build_bases(entries: Sequence[RunEntry], registry: Registry) -> dict[str, str]:
    """Build the bases and teachers of runs that are not there, each once; the faults by run."""
    faults: dict[str, str] = {}
    needed = {entry.name: bases_of(entry, registry) for entry in entries}
    for model in {model.name: model for models in needed.values() for model in models}.values():
        if is_built(model):
            continue
        try:
            base_folder(model)
        except Exception as error:  # noqa: BLE001  (whatever it is: other runs go on)
            fault = _fault(error, _log(model.name))
            faults |= {run: fault for run, models in needed.items() if model in models}
    return faults


def _log(name: str) -> Path:
    return cache_root() / "logs" / f"{name}.log"
