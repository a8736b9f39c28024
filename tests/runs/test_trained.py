"""Runs and bases in the cache: made once, by content, within the cap, with their time."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.runs import disk
from alpharl_bench.runs.bases import base_folder, bases_of, cached_base, is_built, parameter_count
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.status import (
    TrainingStatus,
    missing_bytes,
    run_folder,
    training_status,
    untrained,
)
from alpharl_bench.runs.trained import TrainedRun
from alpharl_bench.training import base as base_module
from alpharl_bench.training import train
from alpharl_bench.training.tokenizer import character_tokenizer


@pytest.fixture
def grpo(tiny_registry):
    return tiny_registry.run("tiny-grpo")


@pytest.fixture
def tiny(tiny_registry):
    return tiny_registry.model("tiny")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    return tmp_path


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


def test_the_digest_depends_on_recipe_seed_base_and_teacher(grpo, tiny_registry):
    digest = run_digest(grpo, tiny_registry)
    assert digest == run_digest(grpo, tiny_registry)
    others = [
        grpo.model_copy(update={"seed": 9}),
        tiny_registry.run("tiny-dapo"),
        tiny_registry.run("tiny-rloo"),
    ]
    assert digest not in {run_digest(other, tiny_registry) for other in others}


def test_the_place_of_a_base_depends_on_what_decides_over_its_weights(tiny):
    place = cached_base(tiny)
    for change in ({"seed": 5}, {"config": {**tiny.config, "hidden_size": 64}}):
        assert cached_base(tiny.model_copy(update=change)) != place
    assert cached_base(tiny.model_copy(update={"algorithms": ("sft",)})) == place


def test_a_base_that_ships_is_not_built(short_registry, monkeypatch):
    monkeypatch.setattr(base_module, "build_base", fail)
    model = short_registry.model("qwen3-nano")
    assert is_built(model)
    assert (base_folder(model) / "model.safetensors").is_file()


def test_a_base_is_built_whole_and_after_a_killed_process_too(tiny, empty):
    folder = cached_base(tiny)
    left = folder.parent / f".{folder.name}.x1"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    assert not is_built(tiny)
    assert base_folder(tiny) == folder
    assert is_built(tiny)
    assert not left.exists()
    weights = WeightFiles(folder)
    sizes = [torch.Size(weights.shape(name)).numel() for name in weights.names]
    assert parameter_count(tiny) == sum(sizes)


def test_parameters_are_counted_before_a_base_is_built(tiny, empty):
    hidden, inner, queries, keys, head = 32, 48, 2 * 16, 16, 16
    attention = hidden * (queries + keys + keys) + queries * hidden + 2 * head
    layer = attention + 3 * hidden * inner + 2 * hidden
    embedding = len(character_tokenizer()) * hidden  # tied to the output head
    assert parameter_count(tiny) == embedding + 2 * layer + hidden
    assert not is_built(tiny)


def test_a_distillation_needs_its_teacher(short_registry):
    student, teacher = bases_of(short_registry.run("qwen3-nano-opd"), short_registry)
    assert (student.name, teacher.name) == ("qwen3-nano", "qwen3-teacher")
    assert [m.name for m in bases_of(short_registry.run("qwen3-nano-sft"), short_registry)] == [
        "qwen3-nano"
    ]


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


@pytest.mark.parametrize("value", ["much", "-1", "0", "nan", "inf"])
def test_a_cap_that_is_no_size_is_named(value, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_MAX_DISK", value)
    with pytest.raises(AlphaRLBenchError, match=f"ALPHARL_BENCH_MAX_DISK={value}"):
        disk.disk_cap()


def test_the_cost_of_a_run_is_four_bytes_a_parameter_and_checkpoint(grpo, tiny_registry, empty):
    parameters = parameter_count(tiny_registry.model("tiny"))
    assert disk.run_bytes(1_000_000, 20) == 80_000_000
    assert missing_bytes(grpo, tiny_registry) == 4 * parameters * (3 + 4)


def test_links_are_not_followed_when_sizes_are_measured(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "large").write_bytes(b"0" * 10_000)
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "small").write_bytes(b"0" * 10)
    (tmp_path / "near" / "link").symlink_to(tmp_path / "far")
    assert 10 <= disk.folder_bytes(tmp_path / "near") < 1000


def test_where_runs_stand_is_told_without_torch(empty):
    code = (
        "import sys; from alpharl_bench.registry import load_registry;"
        "from alpharl_bench.runs.status import training_status as status; r = load_registry();"
        "print({status(run, r).state for run in r.runs.values()}, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["{'not", "trained'}", "False"]
