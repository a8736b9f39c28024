"""What becomes of a forecast without a checkpoint, against forecasts made by hand."""

import math
from dataclasses import replace

import pytest
import torch

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.forecast import Target, observe
from alpharl_bench.forecast.methods.alpharl import AlphaRL
from alpharl_bench.forecast.products import Grams, inner_products
from alpharl_bench.forecast.stability import stability
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.combined import applied
from tests.forecast.forecasters import FORECASTERS
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


@pytest.mark.parametrize(
    ("method", "read"),
    [
        # Low rank: what the last checkpoint changes, along the forecasts' vectors.
        ("alpharl", {"base", "checkpoint-40"}),
        ("rank1-sigma", {"base", "checkpoint-40"}),
        # Without the last checkpoint there is the one before it.
        ("alpharl-code", {"base", "checkpoint-30", "checkpoint-40"}),
        ("expo", {"base", "checkpoint-30", "checkpoint-40"}),
        # Their products are what it was fitted to.
        ("relex", set()),
    ],
)
def test_what_is_known_is_not_decomposed_or_read_again(run, method, read, monkeypatch):
    forecaster, prefix = FORECASTERS[method], observe(run, 1, ACCURACIES)
    forecast = forecaster.fit(prefix).predict(TARGET)
    seen = set()
    genuine = WeightFiles._mapped
    monkeypatch.setattr(
        WeightFiles,
        "_mapped",
        lambda self, name: seen.add(self.folder.name) or genuine(self, name),
    )
    monkeypatch.setattr("alpharl_bench.spectral.factors.decompose", None)
    stability(forecaster, prefix, TARGET, forecast)
    assert seen == read


@pytest.mark.parametrize("method", ["alpharl", "rank1-last"])
def test_no_matrix_is_made_of_an_update_of_low_rank(run, method, monkeypatch):
    forecaster, prefix = FORECASTERS[method], observe(run, 1, ACCURACIES)
    forecast = forecaster.fit(prefix).predict(TARGET)
    monkeypatch.setattr(LowRank, "dense", None)
    stability(forecaster, prefix, TARGET, forecast)


@pytest.mark.parametrize("anchor", ["base", "checkpoint"])
def test_forecasts_that_differ_by_little_are_told_apart(run, anchor):
    prefix = observe(run, 1, ACCURACIES)
    one, other = (
        AlphaRL(anchor=anchor).fit(prefix).predict(Target(accuracy=0.8 + more))
        for more in (0, 1e-5)
    )
    products = inner_products([one, other], Grams(prefix.base))
    updates = [change if anchor == "base" else change.update for change in (one, other)]
    truth = 0.0
    for name in updates[0]:
        first, second = (
            (update[name].left.double() * update[name].sigma) @ update[name].right.double().T
            for update in updates
        )
        truth += float((first - second).square().sum())
    assert 0 < truth < 1e-8 * products[0, 0]
    assert products[0, 0] - 2 * products[0, 1] + products[1, 1] == pytest.approx(truth, rel=1e-3)


def test_the_last_checkpoint_is_compared_in_the_form_of_the_forecast(run):
    prefix = observe(run, 1, ACCURACIES)
    for method in ("rank1-last", "last-checkpoint"):
        forecaster = FORECASTERS[method]
        found = stability(forecaster, prefix, TARGET, forecaster.fit(prefix).predict(TARGET))
        assert found.no_op_distance == pytest.approx(0, abs=2e-3)
        assert found.no_op_cosine == pytest.approx(1, abs=1e-4)
    # Asked for an accuracy that was observed, AlphaRL says about what was there.
    forecaster = FORECASTERS["alpharl"]
    observed = Target(accuracy=0.45)
    found = stability(forecaster, prefix, observed, forecaster.fit(prefix).predict(observed))
    assert found.no_op_distance < 0.2 < found.last_distance


def test_too_few_checkpoints_leave_nothing_out(run):
    prefix = observe(run, 0.5, ACCURACIES)
    forecaster = FORECASTERS["relex"]
    found = stability(forecaster, prefix, TARGET, forecaster.fit(prefix).predict(TARGET))
    assert found.left_out == found.cosines == ()
    assert math.isnan(found.spread)
