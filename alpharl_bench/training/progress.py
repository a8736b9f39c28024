"""A progress bar for the Hugging Face Trainer and TRL that shows one figure and logs nothing."""

from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from alpharl_bench.progress import progress_bar


class ProgressBar(TrainerCallback):
    """Steps done and the last value of one logged figure, on standard error."""

    def __init__(self, title: str, figure: str) -> None:
        self._title, self._figure = title, figure
        self._bar: tqdm[Any] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Open the bar where a resumed run stands."""
        self._bar = progress_bar(self._title, state.max_steps, "step", done=state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Move on by the steps done."""
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show the figure's newest value."""
        if self._bar is not None and logs and self._figure in logs:
            self._bar.set_postfix_str(f"{self._figure} {float(logs[self._figure]):.3f}")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
