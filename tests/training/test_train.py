from functools import cache

import pytest

from alpharl_bench.training.history import history
from tests.processes import run_module
from tests.training.tiny import (
    STEPS,
    random_weights_can_be_right,
    short,
    tiny_base,
    trained,
    weights,
)

pytestmark = pytest.mark.first


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module", autouse=True)
def easy():
    with random_weights_can_be_right():
        yield


@pytest.fixture(scope="module")
def straight(base, tmp_path_factory):
    """The folder of a run that was trained without an interruption, once for each recipe."""

    @cache
    def of(name):
        folder = tmp_path_factory.mktemp(name)
        trained(short(name), base, folder)
        return folder

    return of


def last(folder):
    return weights(folder / f"checkpoint-{STEPS}")


def assert_equal(one, other):
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)


@pytest.mark.parametrize("name", ["dapo", "ppo", "rloo", "sft", "dpo", "dist"])
def test_the_same_seed_gives_the_same_weights(name, base, straight, tmp_path):
    again = trained(short(name), base, tmp_path)
    assert_equal(last(straight(name)), weights(again))


def test_another_seed_gives_other_weights(base, straight, tmp_path):
    other = trained(short("grpo"), base, tmp_path, seed=2)
    one = last(straight("grpo"))
    assert not one["model.norm.weight"].equal(weights(other)["model.norm.weight"])


KILLED = ("ppo", "dapo", "sft")


@pytest.fixture(scope="module")
def cut(base, tmp_path_factory):
    """A folder with a run by each recipe, of which the process was killed behind step 3."""
    folder = tmp_path_factory.mktemp("killed")
    child = run_module("tests.training.tiny", base, folder, 3, *KILLED)
    ended = [line for line in child.stdout.splitlines() if line.split(" ")[0] in KILLED]
    assert ended == [f"{name} -9" for name in KILLED], child.stdout + child.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", KILLED)
def test_a_killed_training_resumes_to_the_same_weights(name, base, straight, cut):
    killed, whole = cut / name, straight(name)
    assert [path.name for path in killed.glob("checkpoint-*")] == ["checkpoint-2"]
    assert [figures["step"] for figures in history(killed)] == [1, 2]
    # A checkpoint that was cut off in the middle must be passed over.
    torn = killed / "checkpoint-3"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    resumed = trained(short(name), base, killed)
    assert_equal(weights(resumed), last(whole))
    kept = ("step", "loss", "accuracy", "value_loss", "sampling/drawn_per_trained")
    first, second = (
        [[figures.get(key) for key in kept] for figures in history(run)] for run in (killed, whole)
    )
    assert first == second


def test_a_run_that_has_not_begun_has_no_history(tmp_path):
    assert history(tmp_path) == []
