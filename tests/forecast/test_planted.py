"""Each method is right where its assumption holds, and wrong where it does not."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from alpharl_bench.checkpoints import module_names
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import Target, method_named, observe
from alpharl_bench.forecast.methods.expo import ExPO
from alpharl_bench.forecast.methods.first_update import FirstUpdate
from alpharl_bench.variants.combined import applied
from tests.forecast.forecasters import FORECASTERS, OWN
from tests.forecast.planted import STEPS, direction, planted

UP = "model.layers.0.mlp.up_proj.weight"


def turning(name, shape, angle):
    """A direction that turns: of rank 1 at every angle, in the output space alone."""
    if len(shape) != 2:
        return direction(name, shape)
    one, two = direction(name, shape), direction(name, shape, 1)
    right = torch.linalg.svd(one)[2][0]
    return torch.outer(math.cos(angle) * one @ right + math.sin(angle) * (two @ right), right)


#: ΔW_t, and the accuracy of step t.
PLANTED = {
    "linear in the step": (
        lambda name, shape, t: t / 100 * direction(name, shape),
        lambda t: 0.2 + 0.5 * math.sqrt(t / 100),
    ),
    "linear in the accuracy": (
        lambda name, shape, t: math.sqrt(t / 100) * direction(name, shape),
        lambda t: 0.2 + 0.5 * math.sqrt(t / 100),
    ),
    "turning": (
        lambda name, shape, t: t / 100 * turning(name, shape, t / 50),
        lambda t: 0.2 + 0.5 * t / 100,
    ),
    "saturated": (
        lambda name, shape, t: min(1.0, t / 30) * direction(name, shape),
        lambda t: 0.2 + 0.5 * t / 100,
    ),
}


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    """‖ΔŴ − ΔW‖ / ‖ΔW‖ of every method at the end, from the first 40 %, on every planted run."""
    found = {}
    for kind, (delta, accuracy) in PLANTED.items():
        run = planted(tmp_path_factory.mktemp("run"), delta)
        accuracies = {step: accuracy(step) for step in STEPS}
        prefix = observe(run, 0.4, accuracies)
        target = Target(step=100, accuracy=accuracies[100])
        truth = observe(run, 1).weights[-1]
        for name, forecaster in FORECASTERS.items():
            model = applied(forecaster.fit(prefix).predict(target), prefix.base)
            found[kind, name] = distance(model, truth, prefix.base)
    return found


def distance(model, truth, base):
    """Over the matrices of attention and MLP, which all methods speak of."""
    squares = []
    for name in module_names(base):
        after = truth.delta(base, name)
        missed = model.delta(base, name) - after
        squares.append((float(missed.square().sum()), float(after.square().sum())))
    missed, whole = np.sum(squares, axis=0)
    return math.sqrt(missed / whole)


RIGHT = {
    "linear in the step": {"relex", "rlvr-weights", "first-update", "rank1-sigma"},
    "linear in the accuracy": {"alpharl", "alpharl-matched"},
    "turning": set(),
    "saturated": {"last-checkpoint", "rank1-last"},
}


@pytest.mark.parametrize("kind", RIGHT)
def test_the_right_methods_are_right_and_no_others(errors, kind):
    for name in OWN:
        error = errors[kind, name]
        if name in RIGHT[kind]:
            assert error < 2e-3, name
        else:
            assert error > 0.04, name


def test_what_the_authors_code_predicts_is_too_long_by_the_observed_update(errors):
    # In a run that is linear in the accuracy: √1 + √0.4 in place of √1.
    assert errors["linear in the accuracy", "alpharl-code"] == pytest.approx(
        math.sqrt(0.4), rel=0.01
    )


def test_no_forecast_is_better_than_none_for_all(errors):
    for kind in ("linear in the step", "linear in the accuracy"):
        assert min(errors[kind, name] for name in RIGHT[kind]) < errors[kind, "last-checkpoint"]
    assert errors["turning", "rank1-sigma"] > 0.5


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    delta = PLANTED["turning"][0]
    return planted(tmp_path_factory.mktemp("run"), delta, steps=(10, 20, 30))


@settings(max_examples=15, deadline=None)
@given(
    alpha=st.floats(-3, 3),
    step=st.floats(1, 1000),
)
def test_lines_are_combinations_of_what_was_observed(short, alpha, step):
    prefix = observe(short, 1)
    base = prefix.base
    first, _, last = (w.delta(base, UP).double() for w in prefix.weights)
    norm = "model.norm.weight"
    target = Target(step=step)

    def close(forecaster, expected, name=UP):
        found = forecaster.fit(prefix).predict(target).delta(base, name).double()
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)

    close(ExPO(alpha), (1 + alpha) * last)
    close(FirstUpdate(alpha), alpha * first)
    close(FirstUpdate(), step / 10 * first)
    close(FORECASTERS["rlvr-weights"], step / 30 * last)
    copied = prefix.weights[-1].delta(base, norm).double()
    close(FORECASTERS["rlvr-weights"], copied, norm)
    close(ExPO(alpha), (1 + alpha) * copied, norm)


ACCURATE = {10: 0.1, 20: 0.2, 30: 0.3}
BY_ACCURACY = [name for name, f in FORECASTERS.items() if f.needs == "accuracy"]
BY_STEP = [name for name, f in FORECASTERS.items() if f.needs == "step"]


@pytest.mark.parametrize("method", BY_ACCURACY)
def test_bad_accuracies_are_refused(short, method):
    forecaster = FORECASTERS[method]
    with pytest.raises(AlphaRLBenchError, match=r"needs the accuracy .*--accuracies"):
        forecaster.fit(observe(short, 1))
    with pytest.raises(AlphaRLBenchError, match=r"are all 0\.2: nothing can be fitted"):
        forecaster.fit(observe(short, 1, dict.fromkeys(ACCURATE, 0.2)))
    fitted = forecaster.fit(observe(short, 1, ACCURATE))
    for target in (Target(step=100), Target(accuracy=math.nan)):
        with pytest.raises(AlphaRLBenchError, match=r"model of an accuracy.*--target"):
            fitted.predict(target)


@pytest.mark.parametrize("method", BY_STEP)
def test_a_target_without_a_step_is_refused(short, method):
    fitted = FORECASTERS[method].fit(observe(short, 1))
    for target in (Target(accuracy=0.5), Target(step=math.inf)):
        with pytest.raises(AlphaRLBenchError, match="the model of a step"):
            fitted.predict(target)


@pytest.mark.parametrize("method", [n for n, f in FORECASTERS.items() if f.least > 1])
def test_too_few_checkpoints_are_refused(short, method):
    prefix = observe(short, 0.4, ACCURATE)
    assert prefix.steps == (10,)
    with pytest.raises(AlphaRLBenchError, match=r"1 observed checkpoints.*at least 2"):
        FORECASTERS[method].fit(prefix)


@pytest.mark.parametrize("method", FORECASTERS)
def test_nan_is_refused_where_it_is_read(tmp_path, method):
    run = planted(tmp_path, PLANTED["turning"][0], steps=(10, 20, 30))
    for checkpoint in run.checkpoints:
        path = checkpoint.path / "model.safetensors"
        tensors = load_file(path)
        tensors[UP][3, 4] = math.nan
        save_file(tensors, path, metadata={"format": "pt"})
    prefix = observe(run, 1, ACCURATE)
    with pytest.raises(AlphaRLBenchError, match=rf"checkpoint-\d0.*'{UP}' holds NaN"):
        FORECASTERS[method].fit(prefix).predict(Target(100, 0.4)).tensor(UP)


@pytest.mark.parametrize("method", ["alpharl", "alpharl-code", "rank1-last", "rank1-sigma"])
def test_matrices_that_do_not_move_are_refused(tmp_path, method):
    run = planted(tmp_path, lambda name, shape, step: torch.zeros(shape), steps=(10, 20, 30))
    with pytest.raises(AlphaRLBenchError, match=r"checkpoint-30: every weight matrix equals"):
        FORECASTERS[method].fit(observe(run, 1, ACCURATE))


def test_every_method_says_where_it_is_from():
    for name in OWN:
        reference = method_named(name).reference
        assert reference.startswith("naive: ") or "arXiv" in reference
