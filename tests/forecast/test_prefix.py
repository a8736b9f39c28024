"""What a prefix holds, and that nothing after it can be seen."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import Target, observe
from alpharl_bench.variants.combined import applied
from tests.forecast.forecasters import FORECASTERS
from tests.forecast.planted import STEPS, deltas, direction, planted

ACCURACIES = {step: 0.2 + 0.6 * step / 100 + 0.01 * (step % 20) for step in STEPS}
TARGET = Target(step=100, accuracy=0.8)


@pytest.fixture
def run(tmp_path):
    """Every tensor turns a little while it grows."""

    def delta(name, shape, step):
        return step / 100 * direction(name, shape) + (step / 200) ** 2 * direction(name, shape, 1)

    return planted(tmp_path, delta)


def predicted(run, method, accuracies=ACCURACIES):
    prefix = observe(run, 0.4, accuracies, total_steps=100)
    model = applied(FORECASTERS[method].fit(prefix).predict(TARGET), prefix.base)
    return {name: model.tensor(name).clone() for name in model.names}


def test_it_holds_the_observed_checkpoints_alone(run):
    prefix = observe(run, 0.4, ACCURACIES)
    assert prefix.steps == (10, 20, 30, 40)
    assert prefix.fraction == 0.4
    assert prefix.accuracies == tuple(ACCURACIES[step] for step in prefix.steps)
    assert len(prefix.weights) == 4
    name = prefix.base.names[3]
    for step, weights in zip(prefix.steps, prefix.weights, strict=True):
        found = weights.delta(prefix.base, name).double()
        torch.testing.assert_close(found, deltas(run, step)[name], atol=1e-6, rtol=0)
    assert "checkpoint-50" not in repr(prefix)
    assert "0.68" not in repr(prefix)  # the accuracy at step 80


@pytest.mark.parametrize(
    ("fraction", "total", "last"), [(0.3, 100, 30), (1, None, 100), (0.5, 160, 80)]
)
def test_the_fraction_is_of_the_whole_training(run, fraction, total, last):
    assert observe(run, fraction, total_steps=total).steps[-1] == last


@pytest.mark.parametrize("method", FORECASTERS)
def test_nothing_after_the_prefix_is_seen(run, method, tmp_path):
    before = predicted(run, method)
    later = [checkpoint.path for checkpoint in run.checkpoints if checkpoint.step > 40]
    for folder in later:
        tensors = load_file(folder / "model.safetensors")
        garbage = {name: torch.full_like(tensor, torch.nan) for name, tensor in tensors.items()}
        save_file(garbage, folder / "model.safetensors", metadata={"format": "pt"})
    other = ACCURACIES | {step: float("nan") for step in STEPS if step > 40}
    corrupted = predicted(run, method, other)
    for folder in later:
        shutil.rmtree(folder)
    deleted = predicted(run, method, {step: ACCURACIES[step] for step in STEPS if step <= 40})
    assert before.keys() == corrupted.keys() == deleted.keys()
    for name, tensor in before.items():
        assert torch.equal(corrupted[name], tensor)
        assert torch.equal(deleted[name], tensor)


@pytest.mark.parametrize("method", FORECASTERS)
def test_what_is_observed_is_seen(run, method):
    before = predicted(run, method)
    for checkpoint in run.checkpoints[:4]:
        path = checkpoint.path / "model.safetensors"
        moved = {name: tensor + 0.01 for name, tensor in load_file(path).items()}
        save_file(moved, path, metadata={"format": "pt"})
    after = predicted(run, method)
    assert any(not torch.equal(after[name], tensor) for name, tensor in before.items())


def test_a_checkpoint_can_be_left_out(run):
    prefix = observe(run, 0.4, ACCURACIES)
    fewer = prefix.without(20)
    assert fewer.steps == (10, 30, 40)
    assert fewer.accuracies == (ACCURACIES[10], ACCURACIES[30], ACCURACIES[40])
    assert fewer.total_steps == prefix.total_steps
    assert [w.folder for w in fewer.weights] == [prefix.weights[i].folder for i in (0, 2, 3)]
    with pytest.raises(AlphaRLBenchError, match="no checkpoint at step 25"):
        prefix.without(25)
    with pytest.raises(AlphaRLBenchError, match="the only observed checkpoint"):
        observe(run, 0.1).without(10)


@pytest.mark.parametrize(
    ("fraction", "options", "message"),
    [
        (0, {}, "--observed 0: a fraction"),
        (1.5, {}, "--observed 1.5: a fraction"),
        (float("nan"), {}, "--observed nan: a fraction"),
        (0.05, {}, "no checkpoint up to step 5 of 100; its first is at step 10"),
        (0.4, {"total_steps": 0}, "--total-steps 0: at least 1"),
        (0.4, {"accuracies": {10: 0.1, 40: 0.2}}, "no accuracy .* at step 20, 30"),
        (0.2, {"accuracies": {10: 0.1, 20: float("nan")}}, "accuracy nan at step 20"),
    ],
)
def test_bad_input_is_named(run, fraction, options, message):
    with pytest.raises(AlphaRLBenchError, match=message):
        observe(run, fraction, **options)


def test_a_checkpoint_of_another_model_is_named(run):
    path = run.at(20).path / "model.safetensors"
    save_file({"odd": torch.ones(2)}, path, metadata={"format": "pt"})
    with pytest.raises(AlphaRLBenchError, match=r"checkpoint-20.*is this the run's base"):
        observe(run, 0.4)
