import pytest

from alpharl_bench.training.history import history
from tests.processes import run_module
from tests.training.tiny import random_weights_can_be_right, short, tiny_base, trained, weights

pytestmark = pytest.mark.first


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def easy():
    with random_weights_can_be_right():
        yield


def assert_equal(one, other):
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)


@pytest.mark.parametrize("name", ["dapo", "ppo", "rloo", "sft", "dpo", "dist"])
def test_the_same_seed_gives_the_same_weights(name, base, tmp_path):
    once, again = (trained(short(name), base, tmp_path / run) for run in ("once", "again"))
    assert_equal(weights(once), weights(again))


def test_another_seed_gives_other_weights(base, tmp_path):
    one = trained(short("grpo"), base, tmp_path / "one")
    other = trained(short("grpo"), base, tmp_path / "other", seed=2)
    assert not weights(one)["model.norm.weight"].equal(weights(other)["model.norm.weight"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ppo", "dapo", "sft"])
def test_a_killed_training_resumes_to_the_same_weights(name, base, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    child = run_module("tests.training.tiny", name, base, killed, 3)
    assert child.returncode == -9, child.stderr
    assert [path.name for path in killed.glob("checkpoint-*")] == ["checkpoint-2"]
    assert [figures["step"] for figures in history(killed)] == [1, 2]
    # A checkpoint that was cut off in the middle must be passed over.
    torn = killed / "checkpoint-3"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    resumed = trained(short(name), base, killed)
    straight = trained(short(name), base, whole)
    assert_equal(weights(resumed), weights(straight))
    kept = ("step", "loss", "accuracy", "value_loss", "sampling/drawn_per_trained")
    first, second = (
        [[figures.get(key) for key in kept] for figures in history(run)] for run in (killed, whole)
    )
    assert first == second


def test_a_run_that_has_not_begun_has_no_history(tmp_path):
    assert history(tmp_path) == []
