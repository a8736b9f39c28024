"""Forecasts as files: what stands in them, what is said of them, and what is refused."""

import json
from collections.abc import Mapping

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from alpharl_bench.checkpoints import Accuracies, open_run, open_weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import Target, method_named, observe
from alpharl_bench.forecast.make import RECORD, make
from alpharl_bench.reporting.forecast_summary import describe
from alpharl_bench.variants.combined import applied
from tests.forecast.forecasters import FORECASTERS, OWN
from tests.forecast.planted import STEPS, direction, planted

ACCURACIES = {step: 0.1 + 0.007 * step for step in STEPS}
TARGET = Target(step=100, accuracy=0.8)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    def delta(name, shape, step):
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(step))
        return step / 100 * direction(name, shape) + 0.02 * noise / shape.numel() ** 0.5

    return planted(tmp_path_factory.mktemp("run"), delta)


def made(run, method, folder, fraction=0.4, accuracies=ACCURACIES, **options):
    prefix = observe(run, fraction, accuracies)
    origin = Accuracies(ACCURACIES, run.base / "accuracies.json", "accuracy")
    named = method_named(method)
    return make(named, prefix, TARGET, folder, accuracies=origin, **options)


@pytest.mark.parametrize("method", FORECASTERS)
def test_a_merged_folder_is_the_predicted_model(run, method, tmp_path):
    out = tmp_path / "out"
    made(run, method, out, form="merged")
    prefix = observe(run, 0.4, ACCURACIES)
    expected = applied(FORECASTERS[method].fit(prefix).predict(TARGET), prefix.base)
    stored = load_file(out / "model.safetensors")
    assert sorted(stored) == expected.names
    assert all(torch.equal(stored[name], expected.tensor(name)) for name in stored)
    AutoModelForCausalLM.from_pretrained(out)


@pytest.mark.parametrize("method", ["alpharl", "rank1-sigma"])
def test_an_adapter_is_the_same_model(run, method, tmp_path):
    for form in (None, "merged"):
        assert made(run, method, tmp_path / str(form), form=form).form == (form or "peft")
    base = AutoModelForCausalLM.from_pretrained(run.base, dtype=torch.float32)
    adapted = PeftModel.from_pretrained(base, tmp_path / "None").merge_and_unload()
    merged = load_file(tmp_path / "merged" / "model.safetensors")
    for name, tensor in adapted.state_dict().items():
        torch.testing.assert_close(tensor, merged[name], atol=1e-6, rtol=0)


def test_these_methods_predict_updates_of_low_rank(run):
    prefix = observe(run, 0.4, ACCURACIES)
    predicted = {method: FORECASTERS[method].fit(prefix).predict(TARGET) for method in OWN}
    assert {method for method, change in predicted.items() if isinstance(change, Mapping)} == {
        "alpharl",
        "alpharl-matched",
        "rank1-last",
        "rank1-sigma",
    }


@pytest.mark.parametrize("method", FORECASTERS)
def test_an_update_of_low_rank_is_an_adapter_and_a_whole_model_is_none(run, method, tmp_path):
    prefix = observe(run, 0.4, ACCURACIES)
    if isinstance(FORECASTERS[method].fit(prefix).predict(TARGET), Mapping):
        assert made(run, method, tmp_path / "out").form == "peft"
        return
    with pytest.raises(AlphaRLBenchError, match=rf"{method} predicts a whole model.*merged"):
        made(run, method, tmp_path / "out", form="peft")
    assert made(run, method, tmp_path / "out").form == "merged"


def test_the_record_says_what_was_used(run, tmp_path):
    done = made(run, "alpharl", tmp_path / "out")
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert record["method"] == "alpharl"
    assert record["settings"] == {"anchor": "base", "norm_matched": False}
    steps = [checkpoint["step"] for checkpoint in record["observed"]["checkpoints"]]
    assert steps == [10, 20, 30, 40]
    assert record["observed"]["total_steps"] == 100
    assert record["accuracies"]["values"] == {str(step): ACCURACIES[step] for step in steps}
    assert record["cost"]["files"] == 5
    assert record["cost"]["bytes"] == sum(
        path.stat().st_size
        for path in run.base.parent.glob("*/model.safetensors")
        if path.parent.name in {"base", *(f"checkpoint-{step}" for step in steps)}
    )
    assert [left["step"] for left in record["left_out"]] == steps
    assert record["fit"]["r_squared"] > 0.9
    assert record["warnings"] == done.warnings
    text = describe(done, tmp_path / "out")
    for part in (
        "4 checkpoints, steps 10, 20, 30, 40: 40% of 100",
        "accuracies.json",
        "of accuracy 0.8",
        "accuracies of 4 checkpoints needed",
        "without step 30",
        "shuffled accuracies",
    ):
        assert part in text


def test_a_good_forecast_has_no_warnings_and_no_forecast_has_one(run, tmp_path):
    assert made(run, "relex", tmp_path / "relex", fraction=0.7).warnings == []
    assert made(run, "alpharl", tmp_path / "alpharl", fraction=0.7).warnings == []
    (warning,) = made(run, "last-checkpoint", tmp_path / "last", fraction=0.7).warnings
    assert "cannot be told from no forecast" in warning
    shuffled = dict(zip(STEPS, (0.5, 0.1, 0.4, 0.2, 0.6, 0.15, 0.3), strict=False))
    warnings = made(run, "alpharl", tmp_path / "bad", 0.7, shuffled).warnings
    assert any("of shuffled accuracies fit as well" in line for line in warnings)
    (warning,) = made(run, "relex", tmp_path / "few", fraction=0.2).warnings
    assert warning.startswith("too few checkpoints to leave one out")


def test_the_dtype_is_that_asked_for(run, tmp_path):
    made(run, "relex", tmp_path / "out", dtype=torch.bfloat16)
    stored = load_file(tmp_path / "out" / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.bfloat16}


def test_nothing_half_written_is_left_behind(run, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise AlphaRLBenchError("the disk is full")

    monkeypatch.setattr("safetensors.torch.save_file", fail)
    with pytest.raises(AlphaRLBenchError, match="disk is full"):
        made(run, "relex", tmp_path / "deep" / "out")
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(run, tmp_path):
    with pytest.raises(AlphaRLBenchError, match="is there already; name a new folder"):
        made(run, "relex", tmp_path)


def test_the_base_itself_is_no_forecast(tmp_path):
    run = planted(tmp_path / "run", lambda _name, shape, _step: torch.zeros(shape), (10, 20, 30))
    with pytest.raises(AlphaRLBenchError, match="the predicted model is the base itself"):
        made(run, "expo", tmp_path / "out", fraction=1)
    assert not (tmp_path / "out").exists()


def test_adapters_of_a_run_are_forecast_as_their_merged_models(run, tmp_path):
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415

    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(run.base, dtype=torch.float32)
    lora = LoraConfig(r=2, lora_alpha=4, target_modules="all-linear", init_lora_weights=False)
    model = get_peft_model(base, lora)
    for step in (1, 2, 3):
        model.save_pretrained(tmp_path / "lora" / f"checkpoint-{step}")
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_B" in name:
                    parameter.mul_(1.5)
    adapters = open_run(tmp_path / "lora", run.base)
    weights = open_weights(run.base)
    for checkpoint in adapters.checkpoints:
        whole = open_weights(checkpoint.path, weights)
        folder = tmp_path / "whole" / f"checkpoint-{checkpoint.step}"
        folder.mkdir(parents=True)
        tensors = {name: whole.tensor(name).contiguous() for name in whole.names}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    merged = open_run(tmp_path / "whole", run.base)
    for n, one in enumerate((adapters, merged)):
        made(one, "relex", tmp_path / str(n), 1, {1: 0.1, 2: 0.2, 3: 0.3})
    first, second = (load_file(tmp_path / str(n) / "model.safetensors") for n in (0, 1))
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, second[name], atol=1e-4, rtol=1e-4)
