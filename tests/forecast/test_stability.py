"""What becomes of a forecast without a checkpoint, against forecasts made by hand."""

import math
from dataclasses import replace

import pytest
import torch

from alpharl_bench.forecast import FORECASTERS, Target, observe
from alpharl_bench.forecast.stability import stability
from alpharl_bench.variants.combined import applied
from tests.forecast.planted import direction, planted

ACCURACIES = {10: 0.1, 20: 0.25, 30: 0.3, 40: 0.45}
TARGET = Target(step=100, accuracy=0.8)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    def delta(name, shape, step):
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(step))
        return step / 100 * direction(name, shape) + 0.05 * noise / shape.numel() ** 0.5

    return planted(tmp_path_factory.mktemp("run"), delta, steps=(10, 20, 30, 40))


def flat(change, base):
    model = applied(change, base)
    return torch.cat([model.delta(base, name).flatten().double() for name in base.names])


@pytest.mark.parametrize("method", FORECASTERS)
def test_it_is_that_of_the_forecasts_made_anew(run, method):
    forecaster, prefix = FORECASTERS[method], observe(run, 1, ACCURACIES)
    forecast = forecaster.fit(prefix).predict(TARGET)
    found = stability(forecaster, prefix, TARGET, forecast)
    truth = flat(forecast, prefix.base)
    assert found.norm == pytest.approx(float(truth.norm()), rel=1e-4)
    assert found.left_out == (10, 20, 30, 40)
    for step, cosine, distance in zip(found.left_out, found.cosines, found.distances, strict=True):
        kept = tuple(checkpoint for checkpoint in run.checkpoints if checkpoint.step != step)
        fewer = observe(replace(run, checkpoints=kept), 1, ACCURACIES, total_steps=40)
        other = flat(forecaster.fit(fewer).predict(TARGET), prefix.base)
        assert cosine == pytest.approx(float(truth @ other / truth.norm() / other.norm()), abs=1e-4)
        assert distance == pytest.approx(float((truth - other).norm() / truth.norm()), abs=2e-3)
    last = flat(prefix.weights[-1], prefix.base)
    assert found.last_distance == pytest.approx(
        float((truth - last).norm() / truth.norm()), abs=2e-3
    )
    assert found.spread == pytest.approx(
        math.sqrt(sum(d * d for d in found.distances) / 4), rel=1e-6
    )


@pytest.mark.parametrize("method", ["alpharl", "rank1-sigma", "relex"])
def test_nothing_is_decomposed_or_multiplied_again(run, method, monkeypatch):
    forecaster, prefix = FORECASTERS[method], observe(run, 1, ACCURACIES)
    forecast = forecaster.fit(prefix).predict(TARGET)
    monkeypatch.setattr("alpharl_bench.spectral.factors.decompose", None)
    monkeypatch.setattr("alpharl_bench.forecast.prefix.delta_gram", None)
    stability(forecaster, prefix, TARGET, forecast)


def test_the_last_checkpoint_is_compared_in_the_form_of_the_forecast(run):
    prefix = observe(run, 1, ACCURACIES)
    for method in ("rank1-last", "last-checkpoint"):
        forecaster = FORECASTERS[method]
        found = stability(forecaster, prefix, TARGET, forecaster.fit(prefix).predict(TARGET))
        assert found.still_distance == pytest.approx(0, abs=2e-3)
        assert found.still_cosine == pytest.approx(1, abs=1e-4)
    # Asked for an accuracy that was observed, AlphaRL says about what was there.
    forecaster = FORECASTERS["alpharl"]
    observed = Target(accuracy=0.45)
    found = stability(forecaster, prefix, observed, forecaster.fit(prefix).predict(observed))
    assert found.still_distance < 0.2 < found.last_distance


def test_too_few_checkpoints_leave_nothing_out(run):
    prefix = observe(run, 0.5, ACCURACIES)
    forecaster = FORECASTERS["relex"]
    found = stability(forecaster, prefix, TARGET, forecaster.fit(prefix).predict(TARGET))
    assert found.left_out == found.cosines == ()
    assert math.isnan(found.spread)
