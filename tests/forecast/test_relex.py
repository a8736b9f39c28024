"""RELEX against numpy's decomposition of the whole history."""

import numpy as np
import pytest
import torch

from alpharl_bench.checkpoints import open_run, open_weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import Target, observe
from alpharl_bench.forecast.products import Grams, inner_products
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.combined import CombinedWeights, applied
from alpharl_bench.variants.materialise import UpdateSource
from tests.forecast.forecasters import FORECASTERS
from tests.forecast.planted import deltas, direction, planted
from tests.models import trained_pair


@pytest.fixture
def run(tmp_path):
    def delta(name, shape, step):
        generator = torch.Generator().manual_seed(step)
        noise = 0.02 * torch.randn(shape, generator=generator) / shape.numel() ** 0.5
        return step / 100 * direction(name, shape) - 0.1 * direction(name, shape, 1) + noise

    return planted(tmp_path, delta)


def test_every_tensor_is_that_of_the_whole_history(run):
    prefix = observe(run, 0.5)
    model = FORECASTERS["relex"].fit(prefix).predict(Target(step=90))
    observed = [deltas(run, step) for step in prefix.steps]
    for name in prefix.base.names:
        history = np.stack([one[name].numpy().ravel() for one in observed])
        left, sigma, right = np.linalg.svd(history, full_matrices=False)
        coefficients = history @ right[0]
        np.testing.assert_allclose(np.abs(coefficients), np.abs(sigma[0] * left[:, 0]))
        # Counted from 0, as the authors count; step 90 is the ninth checkpoint.
        slope, intercept = np.polyfit(range(5), coefficients, 1)
        expected = (intercept + 8 * slope) * right[0]
        found = model.delta(prefix.base, name).numpy().ravel()
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_gram_matrix_of_a_tensor_in_blocks(run, monkeypatch):
    monkeypatch.setattr("alpharl_bench.checkpoints.blocks._BLOCK", 100)
    prefix = observe(run, 0.5)
    name = "model.layers.0.mlp.up_proj.weight"
    history = np.stack([deltas(run, step)[name].numpy().ravel() for step in prefix.steps])
    found = Grams(prefix.base).of(name, prefix.weights)
    np.testing.assert_allclose(found, history @ history.T, rtol=1e-4)


@pytest.mark.parametrize("block", [100, 1 << 20])
def test_inner_products_of_updates_and_models(run, monkeypatch, block):
    monkeypatch.setattr("alpharl_bench.checkpoints.blocks._BLOCK", block)
    prefix = observe(run, 0.3)
    base, (one, two, three) = prefix.base, prefix.weights
    up, norm = "model.layers.0.mlp.up_proj.weight", "model.norm.weight"
    update = {up: LowRank(torch.ones(48, 1), torch.tensor([0.01]), torch.ones(32, 1))}
    changes = [
        update,
        two,
        CombinedWeights(base, (one, three), lambda n: (0.0, 1.0) if n == norm else (-1, 2), update),
        CombinedWeights(base, (three,), lambda _: (0.5,), vectors={norm: torch.ones(32)}),
        open_weights(run.base),
    ]
    d = [deltas(run, step) for step in prefix.steps]
    flat = []
    for i in range(len(changes)):
        parts = []
        for name in base.names:
            added = torch.full((48, 32), 0.01) if name == up else 0
            third = d[2][name]
            whole = {
                0: torch.zeros_like(third) + added,
                1: d[1][name],
                2: (third if name == norm else 2 * third - d[0][name]) + added,
                3: 0.5 * third + (1 if name == norm else 0),
                4: torch.zeros_like(third),
            }
            parts.append(whole[i].numpy().ravel())
        flat.append(np.concatenate(parts))
    truth = np.stack(flat) @ np.stack(flat).T
    np.testing.assert_allclose(inner_products(changes, Grams(base)), truth, rtol=1e-5, atol=1e-6)


def test_inner_products_of_updates_that_reach_experts(tmp_path):
    base_folder, checkpoint = trained_pair(tmp_path, "qwen3-moe", save_original_format=False)
    source = UpdateSource(open_run(checkpoint, base_folder))
    factors, base = source.factors(None), source.base
    stack = next(name for name in factors.modules if "[" in name).partition("[")[0]
    some = {
        name: factors.module(name, 2).factors.leading(2)
        for name in (f"{stack}[1]", f"{stack}[3]", factors.modules[-1])
    }
    trained = factors.trained
    changes = [
        some,
        trained,
        CombinedWeights(base, (trained,), lambda _: (-0.5,), some),
        {f"{stack}[1]": some[f"{stack}[1]"].scaled(2)},
    ]
    models = [applied(change, base) for change in changes]
    flat = np.stack(
        [
            np.concatenate([model.delta(base, n).double().numpy().ravel() for n in base.names])
            for model in models
        ]
    )
    found = inner_products(changes, Grams(base))
    np.testing.assert_allclose(found, flat @ flat.T, rtol=1e-5, atol=1e-6)


def test_products_that_are_known_serve_fewer_checkpoints(run, monkeypatch):
    prefix = observe(run, 0.4)
    name = "model.layers.0.mlp.up_proj.weight"
    grams = Grams(prefix.base)
    two = grams.of(name, prefix.weights[:2])
    four = grams.of(name, prefix.weights)  # more than what is known: read
    np.testing.assert_allclose(four[:2, :2], two, rtol=1e-6)
    monkeypatch.setattr("alpharl_bench.forecast.products.delta_products", None)
    chosen = [prefix.weights[i] for i in (3, 1)]
    np.testing.assert_array_equal(grams.of(name, chosen), four[np.ix_([3, 1], [3, 1])])


def test_a_run_that_did_not_move_is_refused(tmp_path):
    run = planted(tmp_path, lambda name, shape, step: torch.zeros(shape), steps=(1, 2, 3))
    with pytest.raises(AlphaRLBenchError, match=r"checkpoint-3: no observed checkpoint differs"):
        FORECASTERS["relex"].fit(observe(run, 1))
