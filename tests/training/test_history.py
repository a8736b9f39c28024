"""What a training's folder says about it."""

import json

from alpharl_bench.registry import load_registry
from alpharl_bench.training.history import (
    figure,
    first_and_last,
    history,
    last_whole_checkpoint,
)


def write_state(folder, step, log):
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir()
    (checkpoint / "trainer_state.json").write_text(json.dumps({"log_history": log}))


def test_the_last_whole_checkpoint_is_found_by_its_number(tmp_path):
    assert last_whole_checkpoint(tmp_path) is None
    for step in (5, 10, 100):
        write_state(tmp_path, step, [])
    (tmp_path / "checkpoint-105").mkdir()  # cut off
    assert last_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-100"


def test_history_is_that_of_the_last_whole_checkpoint_without_the_summary(tmp_path):
    assert history(tmp_path) == []
    steps = [{"step": i, "loss": 1 / i} for i in (1, 2)]
    write_state(tmp_path, 1, steps[:1])
    write_state(tmp_path, 2, [*steps, {"step": 2, "train_runtime": 3.0}])
    assert history(tmp_path) == steps


def test_the_first_and_last_tenth_of_the_steps_are_averaged():
    steps = [{"reward": float(i)} for i in range(20)] + [{"loss": 7.0}]
    assert first_and_last(steps, "reward") == (0.5, 18.5)
    assert first_and_last(steps[:3], "reward") == (0.0, 2.0)
    assert first_and_last(steps, "accuracy") is None


def test_what_samples_responses_is_followed_by_their_accuracy():
    algorithms = load_registry().algorithms
    assert {figure(algorithms[name]) for name in ("sft", "dist", "dpo")} == {"loss"}
    assert figure(algorithms["ppo"]) == figure(algorithms["grpo"]) == "accuracy"
