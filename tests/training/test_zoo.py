import json

import pytest

from alpharl_bench.training import train
from alpharl_bench.training.zoo import is_trained, run_digest, run_folder, trained


@pytest.fixture
def grpo(short_registry):
    return short_registry.run("qwen3-nano-grpo")


def test_a_run_is_trained_once_and_kept_without_optimizer_state(
    grpo, short_registry, monkeypatch, tmp_path
):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    assert not is_trained(grpo, short_registry)
    first = trained(grpo, short_registry)
    assert first.run.steps == (2, 4, 6)
    assert is_trained(grpo, short_registry)
    folder = run_folder(grpo, first.digest)
    assert json.loads((folder / "run.json").read_text())["run"] == "qwen3-nano-grpo"
    assert not list(folder.glob("checkpoint-*/optimizer.pt"))
    assert len(list(folder.glob("checkpoint-*/model.safetensors"))) == 3

    def fail(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(train, "train", fail)
    assert trained(grpo, short_registry) == first


def test_the_digest_depends_on_recipe_and_seed(grpo, short_registry):
    digest = run_digest(grpo, short_registry)
    assert digest == run_digest(grpo, short_registry)
    assert digest != run_digest(grpo.model_copy(update={"seed": 9}), short_registry)
    dapo = short_registry.run("qwen3-nano-dapo")
    assert digest != run_digest(dapo, short_registry)
