"""AlphaRL against numpy's decomposition and scikit-learn's regression, and its variants."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.cross_decomposition import PLSRegression

from alpharl_bench.checkpoints import module_names
from alpharl_bench.forecast import Target, observe
from alpharl_bench.forecast.methods.alpharl import AlphaRL
from alpharl_bench.variants.combined import applied
from tests.forecast.forecasters import FORECASTERS
from tests.forecast.planted import STEPS, deltas, direction, planted

ACCURACIES = {10: 0.21, 20: 0.3, 30: 0.28, 40: 0.41, 50: 0.44} | dict.fromkeys(STEPS[5:], 0.6)
TARGET = Target(accuracy=0.7)
UP = "model.layers.0.mlp.up_proj.weight"


@pytest.fixture
def run(tmp_path):
    """Directions that turn, over noise; the sign of the noise tells no order."""

    def delta(name, shape, step):
        generator = torch.Generator().manual_seed(step)
        noise = 0.05 * torch.randn(shape, generator=generator) / shape.numel() ** 0.5
        turning = direction(name, shape) + (step / 100) ** 2 * direction(name, shape, 1)
        return step / 100 * turning + noise

    return planted(tmp_path, delta)


def truth(run, name, fraction=0.5):
    """x̂, v₁ and ‖ΔW_k‖/σ₁(k) of a module by numpy and scikit-learn, signs aligned by hand."""
    steps = [step for step in STEPS if step <= 100 * fraction]
    triplets = [np.linalg.svd(deltas(run, step)[name].numpy()) for step in steps]
    rows = [(left[:, 0] * sigma[0], right[0]) for left, sigma, right in triplets]
    for i in reversed(range(len(rows) - 1)):
        if rows[i][0] @ rows[i + 1][0] < 0:
            rows[i] = (-rows[i][0], -rows[i][1])
    x = np.stack([row[0] for row in rows])
    y = np.array([ACCURACIES[step] for step in steps])
    pls = PLSRegression(n_components=1, scale=True).fit(x, y)
    # Ordinary least squares of the accuracy on the score, inverted.
    score = pls.transform(x)[:, 0]
    slope, intercept = np.polyfit(score, y, 1)
    wanted = (TARGET.accuracy - intercept) / slope
    x_hat = pls.inverse_transform(np.array([[wanted]]))[0]
    sigma = triplets[-1][1]
    return x_hat, rows[-1][1], np.linalg.norm(sigma) / sigma[0]


def predicted(run, method):
    prefix = observe(run, 0.5, ACCURACIES)
    forecaster = FORECASTERS[method] if isinstance(method, str) else method
    return forecaster.fit(prefix).predict(TARGET), prefix


def test_every_module_is_that_of_scikit_learn(run):
    update, prefix = predicted(run, "alpharl")
    assert sorted(update) == module_names(prefix.base)
    for name, factors in update.items():
        x_hat, right, _ = truth(run, name)
        expected = np.outer(x_hat, right)
        np.testing.assert_allclose(factors.dense(), expected, atol=1e-4 * np.linalg.norm(x_hat))
        assert factors.sigma.shape == (1,)


def test_norms_are_matched_as_in_equation_3(run):
    plain, matched = predicted(run, "alpharl")[0], predicted(run, "alpharl-matched")[0]
    for name in plain:
        ratio = truth(run, name)[2]
        assert ratio > 1.001
        assert matched[name].norm == pytest.approx(ratio * plain[name].norm, rel=1e-4)
        assert torch.allclose(matched[name].left, plain[name].left)


def test_the_authors_code_counts_the_observed_update_twice(run):
    update, prefix = predicted(run, "alpharl")
    model = predicted(run, "alpharl-code")[0]
    last = prefix.weights[-1]
    for name in prefix.base.names:
        expected = last.delta(prefix.base, name)
        if name in update:
            expected = expected + update[name].dense()
        torch.testing.assert_close(model.delta(prefix.base, name), expected, atol=1e-6, rtol=0)


def test_what_is_no_module_stays_with_the_anchor(run):
    update, prefix = predicted(run, "alpharl")
    model = applied(update, prefix.base)
    embedding = "model.embed_tokens.weight"
    assert torch.equal(model.tensor(embedding), prefix.base.tensor(embedding))


def test_the_unit_of_the_accuracies_does_not_matter(run):
    percent = {step: 100 * value for step, value in ACCURACIES.items()}
    fitted = FORECASTERS["alpharl"].fit(observe(run, 0.5, percent))
    relative = fitted.predict(Target(accuracy=70.0))
    for name, factors in predicted(run, "alpharl")[0].items():
        torch.testing.assert_close(relative[name].dense(), factors.dense(), atol=1e-5, rtol=1e-4)


def test_a_module_that_does_not_move_gets_no_update(run):
    still = load_file(run.base / "model.safetensors")[UP]
    for checkpoint in run.checkpoints:
        path = checkpoint.path / "model.safetensors"
        save_file({**load_file(path), UP: still}, path, metadata={"format": "pt"})
    for method in ("alpharl", AlphaRL(norm_matched=True), "rank1-last"):
        update = predicted(run, method)[0]
        assert update[UP].norm == 0
        assert not update[UP].dense().any()
        assert all(factors.norm > 0 for name, factors in update.items() if name != UP)


def test_the_fit_is_shown_beside_that_of_shuffled_accuracies(run):
    rising = {step: step / 200 for step in STEPS}
    shuffled = dict(zip(STEPS, (0.3, 0.1, 0.5, 0.2, 0.4, 0.15, 0.45, 0.25, 0.5, 0.1), strict=True))
    good = FORECASTERS["alpharl"].fit(observe(run, 1, rising)).quality()
    bad = FORECASTERS["alpharl"].fit(observe(run, 1, shuffled)).quality()
    assert good.r_squared > 0.95
    assert good.chance < 0.05
    assert bad.chance > 0.1
    assert good.permuted.shape == (200,)
    assert FORECASTERS["relex"].fit(observe(run, 1)).quality() is None
