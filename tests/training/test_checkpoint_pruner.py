"""The time of a run over interruptions, and what goes when a newer checkpoint is there."""

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from alpharl_bench.training import checkpoint_pruner
from alpharl_bench.training.checkpoint_pruner import CheckpointPruner, drop_states, seconds_taken


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(checkpoint_pruner.time, "monotonic", lambda: now[0])
    return now


def follow(callback, event, step):
    call = getattr(callback, event)
    call(TrainingArguments(), TrainerState(global_step=step), TrainerControl())


def checkpoint(folder, step):
    (folder / f"checkpoint-{step}").mkdir()
    for name in ("optimizer.pt", "model.safetensors", "trainer_state.json"):
        (folder / f"checkpoint-{step}" / name).write_text("x")


def test_what_an_interruption_lost_is_not_counted(tmp_path, clock):
    first = CheckpointPruner(tmp_path)
    follow(first, "on_train_begin", 0)
    clock[0] += 10
    follow(first, "on_save", 2)
    clock[0] += 7
    follow(first, "on_save", 4)
    clock[0] += 1000  # lost: nothing was saved
    again = CheckpointPruner(tmp_path)
    follow(again, "on_train_begin", 2)  # the checkpoint of step 4 was damaged, say
    clock[0] += 5
    follow(again, "on_save", 4)
    assert seconds_taken(tmp_path, 2) == 10
    assert seconds_taken(tmp_path, 4) == 15
    assert seconds_taken(tmp_path, 6) == 0


def test_only_the_newest_checkpoint_can_be_trained_on_from(tmp_path, clock):
    follower = CheckpointPruner(tmp_path)
    follow(follower, "on_train_begin", 0)
    for step in (2, 4):
        checkpoint(tmp_path, step)
        follow(follower, "on_save", step)
    assert not (tmp_path / "checkpoint-2" / "optimizer.pt").exists()
    assert (tmp_path / "checkpoint-4" / "optimizer.pt").exists()
    drop_states(tmp_path)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("checkpoint-*/*"))
    assert left == [
        *("checkpoint-2/model.safetensors", "checkpoint-2/trainer_state.json"),
        *("checkpoint-4/model.safetensors", "checkpoint-4/trainer_state.json"),
    ]
