"""What the options of the command stand for, and what is wrong with others."""

import json
import math

import pytest
import torch

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import Target, observe
from alpharl_bench.forecast.options import chosen_accuracies, chosen_method, chosen_target
from tests.forecast.forecasters import FORECASTERS
from tests.forecast.planted import planted


@pytest.fixture
def run(tmp_path):
    return planted(tmp_path, lambda _name, shape, step: torch.full(shape, step / 100), (10, 20, 30))


def test_every_method_is_found_by_its_name():
    for name, forecaster in FORECASTERS.items():
        assert chosen_method(name).forecaster is forecaster
    with pytest.raises(AlphaRLBenchError, match=r"--method alphrl: unknown; one of alpharl, "):
        chosen_method("alphrl")


def test_accuracies_are_those_of_the_file_or_of_the_run(run, tmp_path):
    prefix = observe(run, 0.7)
    method = chosen_method("alpharl")
    with pytest.raises(AlphaRLBenchError, match=r"steps 10, 20\), and .* --accuracies FILE"):
        chosen_accuracies(method, str(tmp_path), None, prefix)
    (tmp_path / "accuracies.json").write_text(json.dumps({"10": 0.1, "20": 0.2}))
    assert chosen_accuracies(method, str(tmp_path), None, prefix).values == {10: 0.1, 20: 0.2}
    named = tmp_path / "mine.csv"
    named.write_text("step,accuracy\n10,0.3\n20,0.4\n")
    assert chosen_accuracies(method, str(tmp_path), named, prefix).values == {10: 0.3, 20: 0.4}
    assert chosen_accuracies(chosen_method("relex"), str(tmp_path), named, prefix) is None


def test_rewards_of_later_checkpoints_are_not_read(run, tmp_path):
    log = [{"step": step, "reward": step / 100} for step in (5, 10, 15, 20)]
    state = json.dumps({"log_history": log})
    (run.at(20).path / "trainer_state.json").write_text(state)
    (run.at(30).path / "trainer_state.json").write_text("garbage")
    found = chosen_accuracies(chosen_method("alpharl"), str(tmp_path), None, observe(run, 0.7))
    assert found.values == pytest.approx({10: 0.075, 20: 0.175})
    assert found.measure == "mean training reward"


def test_a_log_without_a_reward_of_every_checkpoint_does_not_suffice(run, tmp_path):
    state = json.dumps({"log_history": [{"step": 10, "reward": 0.1}]})
    (run.at(20).path / "trainer_state.json").write_text(state)
    with pytest.raises(AlphaRLBenchError, match=r"steps 10, 20.*--accuracies FILE"):
        chosen_accuracies(chosen_method("alpharl"), str(tmp_path), None, observe(run, 0.7))


def test_the_target_is_an_accuracy_or_a_step_or_nothing(run):
    prefix = observe(run, 0.17, {10: 0.25}, total_steps=60)
    assert chosen_target(chosen_method("relex"), None, prefix) == Target(step=60)
    assert chosen_target(chosen_method("relex"), 45, prefix) == Target(step=45)
    assert chosen_target(chosen_method("alpharl"), 0.5, prefix) == Target(accuracy=0.5)
    assert chosen_target(chosen_method("expo"), None, prefix) == Target()
    with pytest.raises(AlphaRLBenchError, match=r"--target: alpharl .* best observed is 0\.25"):
        chosen_target(chosen_method("alpharl"), None, prefix)
    for target in (0.5, math.nan):
        with pytest.raises(AlphaRLBenchError, match="expo has no target; leave it out"):
            chosen_target(chosen_method("expo"), target, prefix)
