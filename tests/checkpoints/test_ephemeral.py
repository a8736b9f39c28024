"""One checkpoint of the Hub at a time: the same numbers, and never two on the disk."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

from alpharl_bench.bench import Bench, Options
from alpharl_bench.cache import cache_root
from alpharl_bench.checkpoints import Run, WeightFiles, open_run, open_weights
from alpharl_bench.checkpoints import ephemeral as module
from alpharl_bench.checkpoints.ephemeral import with_ephemeral_weights
from alpharl_bench.checkpoints.hub import HubFolder
from alpharl_bench.claims.required import requirements_of
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.plan import cost_of
from alpharl_bench.plan.budget import Budget
from alpharl_bench.plan.machine import Machine
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.runs.spec import spec_of_path
from alpharl_bench.scoring import Sampling
from alpharl_bench.variants import full_at, rank
from alpharl_bench.variants.materialise import UpdateSource
from tests.small_hub import Files, SmallHub, below, forget

WEIGHTS = "model.safetensors"
STEPS = (5, 10, 15)


def trained(files: Files, step: int) -> Files:
    """A checkpoint: every tensor of the base moved by a random rank-1 update of the same seed."""
    generator = torch.Generator().manual_seed(step)
    tensors = load(files[WEIGHTS])
    for tensor in tensors.values():
        if tensor.ndim == 2:
            left, right = (torch.randn(n, generator=generator) for n in tensor.shape)
            tensor.add_(0.01 * torch.outer(left, right))
    return {**files, WEIGHTS: save(tensors, {"format": "pt"})}


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    module._SLOT.clear()


@pytest.fixture
def branches(online: SmallHub, model: Files) -> SmallHub:
    online.repos["lab/base"] = {"main": model}
    online.repos["lab/rlvr"] = {f"step_{step}": trained(model, step) for step in STEPS}
    return online


@pytest.fixture
def on_disk(branches: SmallHub, hub_cache: Path) -> Callable[[], int]:
    """How many checkpoints' weights the Hub's cache holds, checked at every request."""

    def count() -> int:
        return len(list(hub_cache.glob(f"models--lab--rlvr/snapshots/*/{WEIGHTS}")))

    answer = branches.answer

    def checked(target: str, *, count_: Callable[[], int] = count, **more: bool) -> object:
        assert count_() <= 1
        return answer(target, **more)

    branches.answer = checked  # type: ignore[method-assign,assignment]
    return count


def next_process() -> None:
    module._SLOT.clear()
    forget()


def downloads(hub: SmallHub) -> int:
    return hub.fetched.count(WEIGHTS)


def opened() -> Run:
    return with_ephemeral_weights(open_run("lab/rlvr@step_*", "lab/base"))


def test_the_weights_are_those_of_a_checkpoint_that_stays(
    branches: SmallHub, on_disk: Callable[[], int], hub_cache: Path
) -> None:
    run = opened()
    base = open_weights(run.base)
    before = downloads(branches)
    found = {step: run.at(step).weights(base) for step in STEPS}
    for step in (5, 15, 10):
        expected = load(branches.repos["lab/rlvr"][f"step_{step}"][WEIGHTS])
        weights = found[step]
        assert weights.names == sorted(expected)
        for name, tensor in expected.items():
            assert torch.equal(weights.tensor(name), tensor)
            assert torch.equal(weights.rows(name, slice(1, 2)), tensor[1:2])
            assert (weights.shape(name), weights.dtype(name)) == (tensor.shape, tensor.dtype)
        assert weights.digest == WeightFiles(weights.folder).digest
        assert on_disk() == 1
    assert downloads(branches) - before == 3
    # What is known of those that are gone is still known, here and in the next process.
    next_process()
    again = opened()
    for step in STEPS:
        weights = again.at(step).weights(base)
        assert weights.names == base.names
        assert weights.digest == found[step].digest
        assert weights.shape(base.names[0]) == base.shape(base.names[0])
    assert downloads(branches) - before == 3
    assert on_disk() == 1


def test_updates_of_a_trajectory_are_decomposed_one_after_the_other(
    branches: SmallHub, on_disk: Callable[[], int]
) -> None:
    source = UpdateSource(opened())
    before = downloads(branches)
    found = {
        step: {name: low.dense() for name, low in source.update(rank(1, step=step)).items()}
        for step in STEPS
    }
    assert downloads(branches) - before == 3
    for step in STEPS:
        last = load(branches.repos["lab/rlvr"][f"step_{step}"][WEIGHTS])
        for name, dense in found[step].items():
            delta = last[name] - source.base.tensor(name)
            assert torch.allclose(dense, delta, atol=1e-5)
    # From the store, where nothing is decomposed again.
    next_process()
    again = UpdateSource(opened())
    name = next(iter(found[5]))
    assert torch.equal(again.update(rank(1, step=5))[name].dense(), found[5][name])
    assert downloads(branches) - before == 3


def test_what_was_here_before_stays(branches: SmallHub, hub_cache: Path) -> None:
    kept = open_run("lab/rlvr@step_*", "lab/base")
    folder = kept.at(5).path
    run = opened()
    base = open_weights(run.base)
    name = base.names[0]
    for step in STEPS:
        run.at(step).weights(base).tensor(name)
    assert (folder / WEIGHTS).is_file()
    assert HubFolder("lab/rlvr", "step_10").cached() is None
    assert HubFolder("lab/rlvr", "step_15").cached() is not None


def test_content_that_another_revision_has_too_stays(
    branches: SmallHub, model: Files, hub_cache: Path
) -> None:
    branches.repos["lab/rlvr"]["main"] = branches.repos["lab/rlvr"]["step_15"]
    main = HubFolder("lab/rlvr").download()
    other = HubFolder("lab/rlvr", "step_15")
    other.download()
    other.remove_weights()
    assert other.cached() is None
    assert load((main / WEIGHTS).read_bytes()).keys() == load(model[WEIGHTS]).keys()


def test_folders_of_one_revision_pass_too(online: SmallHub, model: Files) -> None:
    folders = [below(f"step-{step:04}", trained(model, step)) for step in (20, 40)]
    online.repos["lab/traj"] = {"main": folders[0] | folders[1]}
    online.repos["lab/base"] = {"main": model}
    run = with_ephemeral_weights(open_run("lab/traj", "lab/base"))
    base = open_weights(run.base)
    name = base.names[0]
    first, second = (run.at(step).weights(base) for step in (20, 40))
    assert not torch.equal(first.tensor(name), second.tensor(name))
    assert not (first.folder / WEIGHTS).is_file()
    assert (second.folder / WEIGHTS).is_file()


def test_what_a_killed_process_left_goes(
    branches: SmallHub, on_disk: Callable[[], int], hub_cache: Path
) -> None:
    run = opened()
    base = open_weights(run.base)
    first = run.at(5).weights(base)
    first.tensor(base.names[0])
    record = json.loads((cache_root() / "ephemeral" / "here.json").read_text())
    assert record["revision"] == "step_5"
    part = hub_cache / "models--lab--rlvr" / "blobs" / "0123.incomplete"
    part.write_bytes(b"0" * 10_000)
    next_process()
    run.at(10).weights(base).tensor(base.names[0])
    assert not part.exists()
    assert on_disk() == 1
    assert not (first.folder / WEIGHTS).exists()


def test_after_a_download_that_failed_others_are_fetched(
    branches: SmallHub, on_disk: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = opened()
    base = open_weights(run.base)
    name = base.names[0]
    weights = {step: run.at(step).weights(base) for step in STEPS}
    download = HubFolder.download

    def fails(place: HubFolder) -> Path:
        if place.revision in failing:
            raise AlphaRLBenchError("the disk is full")
        return download(place)

    monkeypatch.setattr(HubFolder, "download", fails)
    # At the first fetch of a process, and when another one has left for it.
    for step in (5, 15):
        failing = {f"step_{step}"}
        with pytest.raises(AlphaRLBenchError, match="the disk is full"):
            weights[step].tensor(name)
        expected = load(branches.repos["lab/rlvr"]["step_10"][WEIGHTS])[name]
        assert torch.equal(weights[10].tensor(name), expected)
        assert on_disk() == 1


@pytest.fixture
def nano(online: SmallHub) -> SmallHub:
    base = base_folder(load_registry().model("qwen3-switch"))
    files = {path.name: path.read_bytes() for path in base.iterdir() if path.is_file()}
    online.repos["lab/base"] = {"main": files}
    online.repos["lab/rlvr"] = {f"step_{step}": trained(files, step) for step in STEPS}
    return online


def test_a_claim_about_a_trajectory_has_the_same_scores(
    nano: SmallHub, hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lm_eval", reason="of the extra 'score'")
    asked = Options(Sampling(("addition",), questions=5, samples=1))
    claim, found = CLAIMS["P1.3"], {}
    for one in (True, False):
        monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / f"one {one}"))
        spec = spec_of_path("lab/rlvr@step_*", "lab/base", None)
        bench = Bench(spec, Options(asked.sampling, one_checkpoint=one))
        before = downloads(nano)
        found[one] = bench.evidence({claim: 1}).scores
        bench.close()
        # Each is read for its own scores and for those of its Rank-1, one after the other.
        assert downloads(nano) - before == (3 + 1 if one else 2)
    assert found[True].keys() == found[False].keys()
    for label, score in found[True].items():
        assert score == found[False][label]
    assert full_at(5).label in found[True]


def test_a_plan_counts_one_at_a_time_and_skips_what_reads_several(branches: SmallHub) -> None:
    spec = spec_of_path("lab/rlvr@step_*", "lab/base", None)
    info = spec.source.info()
    small = Machine(hub=10**9, cache=10**9, shared=False, memory=10**11, gpus=())
    for one in (True, False):
        asked = Options(Sampling(("addition",), questions=5, samples=1), one_checkpoint=one)
        cost = cost_of(requirements_of(CLAIMS["P1.3"], info.steps), info, asked)
        there = info.checkpoint_bytes
        assert cost.download == 4 * there  # the base among them
        assert cost.weights == (2 * there if one else 4 * there)
        for claim, side_by_side in {"P1.3": False, "A1": False, "P2.1": True, "A5": True}.items():
            need = requirements_of(CLAIMS[claim], range(5, 105, 5))
            assert need.side_by_side == side_by_side
            lacking = Budget(small).lacking("mine", need, info, asked)
            assert ("side by side, found --one-checkpoint" in lacking) == (one and side_by_side)
