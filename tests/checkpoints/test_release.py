"""Public runs of the registry, on a small Hub: what is listed, and what alone is downloaded."""

import pytest

from alpharl_bench.checkpoints import cached_base, cached_steps, open_release
from alpharl_bench.checkpoints.hub import HubFolder
from alpharl_bench.errors import AlphaRLBenchError
from tests.releases import release
from tests.small_hub import Files, SmallHub, below, forget


@pytest.fixture
def branches(online: SmallHub, model: Files) -> SmallHub:
    names = ("main", "step_5", "step_10", "step_15")
    online.repos["lab/rlvr"] = dict.fromkeys(names, model)
    online.repos["lab/base"] = {"main": model}
    return online


def test_only_the_base_is_fetched_and_then_what_is_opened(branches: SmallHub) -> None:
    run = open_release(release(steps=[5, 15, 500], main_step=500))
    assert run.name == "mine-rl"
    assert run.steps == (5, 15, 500)
    assert run.final.location == HubFolder("lab/rlvr")
    assert branches.fetched.count("model.safetensors") == 1
    before = len(branches.fetched)
    assert (run.final.path / "model.safetensors").is_file()
    fetched = branches.fetched[before:]
    assert fetched.count("model.safetensors") == 1
    assert not [name for name in fetched if name.endswith((".py", ".bin"))]


def test_all_checkpoints_where_none_are_named(branches: SmallHub) -> None:
    assert open_release(release(checkpoints=3)).steps == (5, 10, 15)


def test_a_step_that_the_hub_has_not(branches: SmallHub) -> None:
    with pytest.raises(AlphaRLBenchError) as caught:
        open_release(release(steps=[5, 20, 25]))
    message = "no checkpoint of step 20, 25, which released/mine-rl.toml names; there are 5, 10, 15"
    assert message in str(caught.value)
    assert branches.fetched == []


def test_the_base_is_step_0_where_none_is_named(online: SmallHub, model: Files) -> None:
    folders = [below(f"step-{step:04}", model) for step in (0, 20, 40)]
    online.repos["lab/traj"] = {"main": folders[0] | folders[1] | folders[2]}
    run = open_release(release(base=None, run="lab/traj", checkpoints=2))
    assert run.steps == (20, 40)
    assert run.base.name == "step-0000"
    assert {name.rpartition("/")[0] for name in online.fetched} == {"step-0000"}


def test_what_is_here_is_told_without_asking(branches: SmallHub) -> None:
    public = release(steps=[5, 15, 500], main_step=500)
    run = open_release(public)
    assert run.at(15).path.is_dir()
    forget()
    asked: list[str] = []
    branches.answer = lambda target, count: asked.append(target) or (500, {}, b"")
    assert cached_base(public)
    assert cached_steps(public) == {15}
    assert not cached_base(release(base="lab/other"))
    assert cached_steps(release(run="lab/other")) == frozenset()
    assert asked == []
