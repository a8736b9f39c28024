"""One display on standard error of many trainings: a bar each while they run, and one over all."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as Remaining

from alpharl_bench.formatting import one_line

#: Seconds between two lines about one training where bars cannot be drawn.
_LOG_INTERVAL = 15.0


class MultiRunProgress:
    """Trainings by their names, and the steps of all of them.

    Plain lines where standard error is no terminal, as in the log of a CI job.

    Args:
        steps: the number of steps of every training, and how many of them are done.
    """

    def __init__(self, steps: dict[str, tuple[int, int]]) -> None:
        self._steps = {name: total for name, (total, _) in steps.items()}
        self._done = {name: done for name, (_, done) in steps.items()}
        self._figures: dict[str, str] = {}
        self._said: dict[str, float] = {}
        self._console = Console(file=sys.stderr)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figure]}"),
            Remaining(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._over = 0
        self._bars: dict[str, TaskID] = {}
        self._all = self._progress.add_task(
            self._count(), total=sum(self._steps.values()), figure="", completed=self._sum()
        )

    def __enter__(self) -> Self:
        """Draw."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave what is drawn."""
        self._progress.stop()

    def begin(self, name: str) -> None:
        """A training is handed out."""
        self._bars[name] = self._progress.add_task(
            escape(name), total=self._steps[name], completed=self._done[name], figure=""
        )
        self._say(name, f"begins at step {self._done[name]} of {self._steps[name]}")

    def move(self, name: str, done: int, figure: str) -> None:
        """So many steps of a training are done; ``figure`` is the newest value by name."""
        self._done[name], self._figures[name] = done, figure
        self._progress.update(self._bars[name], completed=done, figure=figure)
        self._progress.update(self._all, completed=self._sum())
        if time.monotonic() - self._said[name] > _LOG_INTERVAL:
            self._say(name, f"{done} of {self._steps[name]} steps{self._figure(name)}")

    def end(self, name: str, fault: str = "") -> None:
        """A training is over; ``fault`` says why, where it is not whole."""
        self._over += 1
        if name in self._bars:
            self._progress.remove_task(self._bars.pop(name))
        self._progress.update(self._all, description=self._count())
        line = f"failed: {fault}" if fault else f"trained, {self._steps[name]} steps"
        self._progress.console.print(
            one_line(f"{name}: {line}{self._figure(name)}"),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def _say(self, name: str, line: str) -> None:
        self._said[name] = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(
                one_line(f"{name}: {line}"), markup=False, highlight=False, soft_wrap=True
            )

    def _figure(self, name: str) -> str:
        return f", {self._figures[name]}" if self._figures.get(name) else ""

    def _count(self) -> str:
        return f"{self._over} of {len(self._steps)} runs"

    def _sum(self) -> int:
        return sum(self._done.values())
