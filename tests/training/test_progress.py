"""A training's figure on whichever display there is."""

from transformers import TrainerControl, TrainerState, TrainingArguments

from alpharl_bench.training.progress import ProgressBar, shown_by


class Screen:
    def __init__(self):
        self.lines = []

    def begin(self, *what):
        self.lines.append(("begin", *what))

    def move(self, *what):
        self.lines.append(("move", *what))

    def end(self):
        self.lines.append(("end",))


def follow(callback):
    state = TrainerState(global_step=2, max_steps=4)
    called = (TrainingArguments(), state, TrainerControl())
    callback.on_train_begin(*called)
    state.global_step = 3
    callback.on_step_end(*called)
    callback.on_log(*called, logs={"loss": 2.0})
    callback.on_log(*called, logs={"reward": 0.25, "loss": 2.0})
    # The summary at the end is a mean over all steps.
    callback.on_log(*called, logs={"reward": 0.1, "train_runtime": 9.0})
    callback.on_train_end(*called)


def test_a_training_is_shown_by_the_display_of_its_block():
    screen = Screen()
    with shown_by(screen):
        follow(ProgressBar("train it", "reward"))
    assert screen.lines == [
        ("begin", "train it", 4, 2),
        ("move", 3, ""),
        ("move", 3, "reward 0.250"),
        ("end",),
    ]


def test_without_one_it_is_shown_by_a_bar_of_its_own(capsys):
    follow(ProgressBar("train it", "reward"))
    shown = capsys.readouterr().err
    assert "train it" in shown
    assert "3/4" in shown
    assert "reward 0.250" in shown
