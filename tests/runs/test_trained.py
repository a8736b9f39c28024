"""Runs of the registry: trained once, by content, within the cap, with their time."""

import json
from dataclasses import replace

import pytest
import torch

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.runs import disk
from alpharl_bench.runs.bases import base_folder, bases_of
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.status import (
    TrainingStatus,
    run_folder,
    training_status,
    untrained,
)
from alpharl_bench.runs.trained import TrainedRun
from alpharl_bench.training import base as base_module
from alpharl_bench.training import train


def fail(*_, **__):
    raise AssertionError("made again")


def test_a_run_is_trained_once_and_kept_without_optimizer_state(
    grpo, tiny_registry, monkeypatch, empty, capsys
):
    assert training_status(grpo, tiny_registry).state == "not trained"
    first = TrainedRun(grpo, tiny_registry).open()
    assert "base 'tiny' does not ship: pretraining it now" in capsys.readouterr().err
    assert first.run.steps == (2, 4, 6)
    assert training_status(grpo, tiny_registry).state == "trained"
    folder = run_folder(grpo, first.digest)
    record = json.loads((folder / "run.json").read_text())
    assert record["run"] == "tiny-grpo"
    assert record["seconds"] > 0
    assert record["steps_per_second"] == pytest.approx(6 / record["seconds"], abs=1e-3)
    assert not list(folder.glob("checkpoint-*/optimizer.pt"))
    assert len(list(folder.glob("checkpoint-*/model.safetensors"))) == 3
    assert training_status(grpo, tiny_registry) == TrainingStatus(folder, "trained", 6)
    monkeypatch.setattr(train, "train", fail)
    monkeypatch.setattr(base_module, "build_base", fail)
    assert TrainedRun(grpo, tiny_registry).open() == first


def test_a_run_that_trains_keeps_the_trainers_state_of_its_newest_checkpoint_alone(
    grpo, tiny_registry, monkeypatch, empty
):
    monkeypatch.setattr("alpharl_bench.training.checkpoint_pruner.drop_states", lambda _: None)
    folder = run_folder(grpo, TrainedRun(grpo, tiny_registry).open().digest)
    kept = {path.parent.name for path in folder.glob("checkpoint-*/optimizer.pt")}
    assert kept == {"checkpoint-6"}


def test_training_takes_one_thread_and_gives_the_others_back(
    grpo, tiny_registry, monkeypatch, empty
):
    seen = []

    def look(*_, **__):
        seen.append(torch.get_num_threads())
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train", look)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with pytest.raises(KeyboardInterrupt):
            TrainedRun(grpo, tiny_registry).open()
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert seen == [1]


@pytest.fixture
def taught(tiny_registry):
    """The tiny zoo with ``tiny-opd`` taught by ``tiny-grpo``."""
    opd = tiny_registry.algorithms["opd"]
    by_grpo = opd.model_copy(update={"options": {"teacher": "tiny-grpo"}})
    return replace(tiny_registry, algorithms={**tiny_registry.algorithms, "opd": by_grpo})


def test_a_run_learns_from_the_last_checkpoint_of_another(taught, empty, monkeypatch):
    student, teacher = taught.run("tiny-opd"), taught.run("tiny-grpo")
    assert [model.name for model in bases_of(student, taught)] == ["tiny"]
    assert untrained([student, teacher], taught) == [teacher, student]
    before = TrainedRun(student, taught).info()
    assert (before.to_train, before.digest) == (12, run_digest(student, taught))
    digests = {run_digest(student, taught)}
    for config in ({"learning_rate": 1.0}, {"max_steps": 3}):
        own = {**taught.algorithms["grpo"].regimes["quick"], **config}
        grpo = taught.algorithms["grpo"].model_copy(update={"regimes": {"quick": own}})
        other = replace(taught, algorithms={**taught.algorithms, "grpo": grpo})
        digests.add(run_digest(student, other))
    assert len(digests) == 3

    given = []
    monkeypatch.setattr(
        train,
        "train",
        lambda run, *args, teacher, real=train.train, **more: (
            given.append((run.name, teacher)),
            real(run, *args, teacher=teacher, **more),
        ),
    )
    last = TrainedRun(student, taught).open()
    folder = run_folder(teacher, run_digest(teacher, taught))
    assert given == [("tiny-grpo", None), ("tiny-opd", folder / "checkpoint-6")]
    assert last.run.steps == (2, 4, 6)
    assert untrained([student, teacher], taught) == []
    after = TrainedRun(student, taught).info()
    assert (after.to_train, after.training) == (0, 0)


def test_a_run_beyond_the_cap_is_refused_before_anything_is_made(
    grpo, tiny_registry, empty, monkeypatch
):
    base_folder(tiny_registry.model("tiny"))
    (empty / "scores").mkdir()
    (empty / "scores" / "x").write_bytes(b"0" * 3_000_000)
    monkeypatch.setenv("ALPHARL_BENCH_MAX_DISK", "0.0031")
    with pytest.raises(AlphaRLBenchError, match=r"zoo clean.*ALPHARL_BENCH_MAX_DISK") as caught:
        TrainedRun(grpo, tiny_registry).open()
    assert "run 'tiny-grpo' takes" in str(caught.value)
    assert "may hold 3.1 MB" in str(caught.value)
    assert not list((empty / "runs").glob("tiny*"))


def test_a_full_disk_is_refused(grpo, tiny_registry, empty, monkeypatch):
    base_folder(tiny_registry.model("tiny"))
    monkeypatch.setattr(disk, "free_bytes", lambda: 1000)
    with pytest.raises(AlphaRLBenchError, match="the disk has 1 KB left"):
        TrainedRun(grpo, tiny_registry).open()
