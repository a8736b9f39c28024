"""One figure of a training, shown by whichever display there is: a bar, or that of many runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from alpharl_bench.progress import progress_bar


class Display(Protocol):
    """What shows how far a training is."""

    def begin(self, title: str, total: int, done: int) -> None:
        """A training of ``total`` steps begins, or goes on after ``done`` of them."""

    def move(self, done: int, figure: str) -> None:
        """So many steps are done; ``figure`` is the newest value by name, or empty."""

    def end(self) -> None:
        """The training is over."""


class _Bar:
    """A bar on standard error."""

    _bar: "tqdm[Any]"

    def begin(self, title: str, total: int, done: int) -> None:
        self._bar = progress_bar(title, total, "step", done=done)

    def move(self, done: int, figure: str) -> None:
        self._bar.set_postfix_str(figure, refresh=False)
        self._bar.update(done - self._bar.n)

    def end(self) -> None:
        self._bar.close()


_display: ContextVar[Display | None] = ContextVar("display", default=None)


@contextmanager
def shown_by(display: Display) -> Iterator[None]:
    """Trainings of the block are shown by ``display`` in place of a bar of their own."""
    token = _display.set(display)
    try:
        yield
    finally:
        _display.reset(token)


class ProgressBar(TrainerCallback):
    """Follows the Hugging Face Trainer and TRL: steps done, and one figure that they log."""

    def __init__(self, title: str, figure: str) -> None:
        self._title, self._figure, self._newest = title, figure, ""
        self._display: Display = _display.get() or _Bar()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin where a resumed run stands."""
        self._display.begin(self._title, state.max_steps, state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Move on by the steps done."""
        self._display.move(state.global_step, self._newest)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show the figure's newest value."""
        # The last log of a training is its summary: there TRL's figures are means over all steps.
        if logs and self._figure in logs and "train_runtime" not in logs:
            self._newest = f"{self._figure} {float(logs[self._figure]):.3f}"
            self._display.move(state.global_step, self._newest)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave the last state on the screen."""
        self._display.end()
