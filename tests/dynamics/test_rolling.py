"""Forecasts of planted paths are exact where they should be, and know nothing of what follows."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression

from alpharl_bench.dynamics import Rolling, Trajectory, align, rolling
from alpharl_bench.errors import AlphaRLBenchError

STEPS = np.array([1, 2, 4, 5, 7, 8, 9])
METHODS = [
    "last checkpoint",
    "PLS at the accuracy",
    "PLS at the step",
    "projection at the step",
    "accuracies alone",
]


def path_of(x: np.ndarray, steps: np.ndarray = STEPS) -> Trajectory:
    """The trajectory with these σ₁u₁, signs as they come out."""
    sigma = np.linalg.norm(x, axis=1)
    u = np.divide(x, sigma[:, None], out=np.zeros(x.shape), where=sigma[:, None] > 0)
    v = np.tile([0.6, 0.8], (len(x), 1))
    return align("up", steps, u, sigma, v, sigma)


def pairs(found: Rolling) -> list[tuple[int, int]]:
    return list(zip(found.origins.tolist(), found.targets.tolist(), strict=True))


def test_every_pair_of_an_origin_and_a_later_checkpoint() -> None:
    x = np.random.default_rng(0).standard_normal((7, 5)).cumsum(axis=0)
    found = rolling(path_of(x), np.arange(7) / 10)
    expected = [(STEPS[k - 1], STEPS[j]) for k in range(3, 7) for j in range(k, 7)]
    assert pairs(found) == expected
    assert list(found.methods) == METHODS
    for errors in found.methods.values():
        assert {part.shape for part in astuple(errors)} == {(10,)}


def test_a_line_from_the_base_is_forecast_exactly() -> None:
    direction = np.array([1.0, -2.0, 0.5, 0.0])
    found = rolling(path_of(np.outer(STEPS, direction)), 0.1 + 0.05 * STEPS)
    for method in METHODS[1:4]:
        errors = found.methods[method]
        np.testing.assert_allclose(errors.cosine, 1, atol=1e-6)
        np.testing.assert_allclose(errors.relative, 0, atol=1e-5)
        np.testing.assert_allclose(errors.norm_ratio, 1, atol=1e-5)
        np.testing.assert_allclose(errors.accuracy, 0, atol=1e-5)
    still = found.methods["last checkpoint"]
    np.testing.assert_allclose(still.cosine, 1, atol=1e-6)
    np.testing.assert_allclose(still.norm_ratio, found.origins / found.targets, rtol=1e-5)
    np.testing.assert_allclose(still.relative, 1 - found.origins / found.targets, rtol=1e-5)
    np.testing.assert_allclose(still.accuracy, 0.05 * (found.targets - found.origins), rtol=1e-9)


def test_a_line_that_misses_the_base_needs_a_mean() -> None:
    # The projection goes through 0; the regression has a mean and follows any line.
    x = np.array([5.0, -5, 0.5]) + np.outer(STEPS, [1.0, 1.0, 2.0])
    found = rolling(path_of(x), 0.05 * STEPS)
    assert found.methods["PLS at the step"].relative.max() < 1e-5
    assert found.methods["projection at the step"].relative.min() > 0.01


def test_accuracy_that_saturates_is_followed_by_accuracy_and_not_by_the_step() -> None:
    along = 1 - np.exp(-STEPS / 3)
    x = np.array([0.1, 0.0]) + np.outer(along, [1.0, 2.0])
    found = rolling(path_of(x), 0.2 + 0.5 * along)
    assert found.methods["PLS at the accuracy"].relative.max() < 1e-5
    assert found.methods["PLS at the accuracy"].accuracy.max() < 1e-6
    beyond = found.methods["PLS at the step"]
    assert beyond.norm_ratio.min() > 1.01
    assert beyond.accuracy.min() > 0.005


def test_errors_by_hand() -> None:
    # Seen: (1, 0), (2, 0), (3, 0) at steps 1, 2, 3; then (3, 4). The last one, (3, 0), has cosine
    # 3/5, is off by 4/5 and is 3/5 as long. The line goes to (4, 0): off by √17/5.
    x = np.array([[1.0, 0], [2, 0], [3, 0], [3, 4]])
    found = rolling(path_of(x, np.arange(1, 5)), np.array([0.1, 0.2, 0.3, 0.5]))
    last, step = found.methods["last checkpoint"], found.methods["PLS at the step"]
    assert [part.item() for part in astuple(last)] == pytest.approx([0.6, 0.8, 0.6, 0.2])
    assert [part.item() for part in astuple(step)] == pytest.approx(
        [0.6, np.sqrt(17) / 5, 0.8, 0.1], abs=1e-6
    )
    # At its accuracy of 0.5 it goes to (5, 0); of (3, 4) it says 0.3, off by 0.2.
    asked = found.methods["PLS at the accuracy"]
    assert [part.item() for part in astuple(asked)] == pytest.approx(
        [0.6, np.sqrt(20) / 5, 1, 0.2], abs=1e-6
    )


def test_accuracies_alone_have_a_line_and_no_vector() -> None:
    x = np.random.default_rng(0).standard_normal((7, 5)).cumsum(axis=0)
    y = np.array([0.1, 0.3, 0.35, 0.4, 0.6, 0.5, 0.7])
    alone = rolling(path_of(x), y).methods["accuracies alone"]
    assert np.isnan([alone.cosine, alone.relative, alone.norm_ratio]).all()
    line = stats.linregress(STEPS[:3], y[:3])
    expected = np.abs(line.intercept + line.slope * STEPS[3:] - y[3:])
    np.testing.assert_allclose(alone.accuracy[:4], expected, atol=1e-12)


def test_the_inverse_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    x = np.outer(STEPS, rng.standard_normal(30)) + rng.standard_normal((7, 30))
    y = 0.1 * STEPS + 0.02 * rng.standard_normal(7)
    found = rolling(path_of(x), y)
    chosen = pairs(found).index((STEPS[4], STEPS[6]))
    fit = PLSRegression(n_components=1).fit(x[:5], y[:5])
    errors = found.methods["PLS at the accuracy"]
    expected = abs(fit.predict(x[6:]).item() - y[6])
    assert errors.accuracy[chosen] == pytest.approx(expected, rel=1e-4)
    line = LinearRegression().fit(fit.transform(x[:5]), y[:5])
    score = (y[6] - line.intercept_) / line.coef_[0]
    predicted = fit.inverse_transform([[score]])[0]
    expected = np.linalg.norm(predicted - x[6]) / np.linalg.norm(x[6])
    assert errors.relative[chosen] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("first", [4, 5, 6])
def test_nothing_after_the_origin_enters(first: int) -> None:
    rng = np.random.default_rng(first)
    x = rng.standard_normal((7, 40)).cumsum(axis=0)
    y = rng.uniform(0, 1, 7)
    truth = rolling(path_of(x), y)
    # Later rows turned around, so that the sign of all rows before may change, and made huge.
    other_x, other_y = x.copy(), y.copy()
    other_x[first:] = -1e3 * rng.standard_normal((7 - first, 40))
    other_y[first:] = 1 - y[first:]
    corrupted = rolling(path_of(other_x), other_y)
    before = truth.targets < STEPS[first]
    assert before.any()
    for method in METHODS:
        for one, other in zip(
            astuple(truth.methods[method]), astuple(corrupted.methods[method]), strict=True
        ):
            assert one[before].tobytes() == other[before].tobytes()
            assert (one[~before] != other[~before]).any()
    # What was predicted for the corrupted ones, from the step alone, is as long as before.
    lengths = {}
    for name, rows, found in (("truth", x, truth), ("corrupted", other_x, corrupted)):
        true_length = np.linalg.norm(rows, axis=1)[np.searchsorted(STEPS, found.targets)]
        seen = found.origins < STEPS[first]
        lengths[name] = (found.methods["PLS at the step"].norm_ratio * true_length)[seen]
    np.testing.assert_allclose(lengths["truth"], lengths["corrupted"], rtol=1e-5)


def test_accuracies_that_do_not_vary_at_first() -> None:
    x = np.random.default_rng(0).standard_normal((7, 5)).cumsum(axis=0)
    found = rolling(path_of(x), np.array([0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.4]))
    asked = found.methods["PLS at the accuracy"]
    blind = found.origins <= STEPS[3]
    np.testing.assert_array_equal(np.isnan(asked.relative), blind)
    np.testing.assert_allclose(asked.accuracy[blind], [0, 0.1, 0.2, 0.3, 0.1, 0.2, 0.3], atol=1e-12)
    assert np.isfinite(found.methods["PLS at the step"].relative).all()


def test_checkpoints_without_an_update() -> None:
    x = np.outer([0, 0, 0, 1, 0, 2, 3], [1.0, 1.0])
    found = rolling(path_of(x), np.arange(7) / 10)
    still = found.targets == STEPS[4]
    for errors in found.methods.values():
        assert np.isnan(errors.relative[still]).all()
        assert np.isnan(errors.norm_ratio[still]).all()
        assert np.isfinite(errors.accuracy).all()
    # Nothing had moved: the prediction is 0, which has no direction and is off by all of it.
    first = (found.origins == STEPS[2]) & ~still
    for method in ("last checkpoint", "PLS at the step", "projection at the step"):
        errors = found.methods[method]
        assert np.isnan(errors.cosine[first]).all()
        np.testing.assert_allclose(errors.relative[first], 1)
        np.testing.assert_allclose(errors.norm_ratio[first], 0)


def test_too_few_checkpoints() -> None:
    with pytest.raises(AlphaRLBenchError, match=r"up: 3 checkpoints; .* needs 4"):
        rolling(path_of(np.eye(3), STEPS[:3]), np.arange(3.0))
