"""The closed form against scikit-learn's iterative one, an example by hand, and its limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from alpharl_bench.dynamics import PLS, gram, leave_one_out, r_squared
from alpharl_bench.errors import AlphaRLBenchError


def drawn(checkpoints: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A noisy line in ``width`` dimensions and accuracies along it."""
    rng = np.random.default_rng(seed)
    along = np.linspace(0, 1, checkpoints)
    x = np.outer(along, rng.standard_normal(width)) + rng.standard_normal((checkpoints, width))
    return x, 0.3 + 0.4 * along + 0.05 * rng.standard_normal(checkpoints)


def sklearn_fit(x: np.ndarray, y: np.ndarray) -> PLSRegression:
    return PLSRegression(n_components=1, scale=True).fit(x, y)


def test_by_hand() -> None:
    # Columns (0, 1, 2) and (0, 2, 1), both of mean 1 and variance 1: x̃ = (−1,−1), (0,1), (1,0).
    # y = 1, 2, 6 is −2, −1, 3 about its mean 3; x̃ᵀỹ = (2+3, 2−1) = (5, 1), of length √26.
    # Scores (−6, 1, 5)/√26; their squares sum to 62/26, and scores·ỹ = (12−1+15)/√26 = √26.
    # slope = √26 · 26/62; R² = 26 · (26/62) / 14; loadings = x̃ᵀt/tᵀt = (11, 7)/√26 · 26/62.
    fit = PLS.fit(np.array([[0, 0], [1, 2], [2, 1]]), np.array([1, 2, 6]))
    root = np.sqrt(26)
    np.testing.assert_allclose(fit.weights, [5 / root, 1 / root])
    np.testing.assert_allclose(fit.loadings, np.array([11, 7]) / root * 26 / 62)
    assert fit.slope == pytest.approx(root * 26 / 62)
    assert fit.intercept == 3
    assert fit.r_squared == pytest.approx(26 * 26 / 62 / 14)
    # Of y = 3 the score is 0, and so the mean.
    np.testing.assert_allclose(fit.inverse(3), [1, 1])
    # y = 3 + slope: score 1, mean + loadings.
    np.testing.assert_allclose(fit.inverse(3 + fit.slope), 1 + fit.loadings)


@pytest.mark.parametrize(("checkpoints", "width"), [(3, 2), (9, 5), (9, 400), (27, 1000)])
def test_as_scikit_learn(checkpoints: int, width: int) -> None:
    x, y = drawn(checkpoints, width)
    ours, theirs = PLS.fit(x, y), sklearn_fit(x, y)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x), rtol=1e-9)
    assert ours.r_squared == pytest.approx(theirs.score(x, y), rel=1e-9)
    assert r_squared(x, y) == pytest.approx(theirs.score(x, y), rel=1e-9)
    unseen = drawn(4, width, seed=1)[0]
    np.testing.assert_allclose(ours.predict(unseen), theirs.predict(unseen), rtol=1e-9)
    # The way of the authors' code: OLS of accuracy on the score, turned around.
    scores = theirs.transform(x)
    line = LinearRegression().fit(scores, y)
    wanted = (np.array([0.5, 1.7]) - line.intercept_) / line.coef_[0]
    np.testing.assert_allclose(
        ours.inverse(np.array([0.5, 1.7])), theirs.inverse_transform(wanted[:, None]), rtol=1e-8
    )


def test_many_responses_at_once() -> None:
    x, y = drawn(9, 50)
    rng = np.random.default_rng(1)
    permuted = np.stack([rng.permutation(y) for _ in range(20)], axis=1)
    expected = [sklearn_fit(x, column).score(x, column) for column in permuted.T]
    np.testing.assert_allclose(r_squared(x, permuted), expected, rtol=1e-9)
    assert np.ptp(expected) > 0.01


def test_a_column_without_spread_changes_nothing() -> None:
    x, y = drawn(7, 6)
    # In float64 the mean of seven times 0.1 is not 0.1.
    still = np.column_stack([x, np.full(7, 0.1), np.zeros(7)])
    assert np.full(7, 0.1).std(ddof=1) > 0
    np.testing.assert_allclose(gram(still), gram(x), atol=1e-12)
    fit = PLS.fit(still, y)
    np.testing.assert_allclose(fit.inverse(0.9)[6:], [0.1, 0.0])
    np.testing.assert_allclose(fit.inverse(0.9)[:6], PLS.fit(x, y).inverse(0.9))


def test_leave_one_out_as_scikit_learn() -> None:
    for width in (3, 400):
        x, y = drawn(9, width)
        unseen = cross_val_predict(PLSRegression(n_components=1), x, y, cv=LeaveOneOut())
        assert leave_one_out(x, y) == pytest.approx(r2_score(y, unseen), rel=1e-9)


def test_accuracies_without_spread() -> None:
    x = drawn(5, 8)[0]
    # Five times 0.1 has a mean that is not 0.1: the spread of rounding is none.
    y = np.full(5, 0.1)
    assert np.isnan(r_squared(x, y))
    assert np.isnan(leave_one_out(x, y))
    mixed = r_squared(x, np.column_stack([y, np.arange(5)]))
    assert np.isnan(mixed[0])
    assert mixed[1] > 0
    fit = PLS.fit(x, y)
    np.testing.assert_allclose(fit.predict(x), y)
    with pytest.raises(AlphaRLBenchError, match="all the same"):
        fit.inverse(0.9)


def test_a_module_that_does_not_move() -> None:
    x, y = np.zeros((4, 6)), np.array([0.1, 0.2, 0.4, 0.3])
    assert r_squared(x, y) == 0
    fit = PLS.fit(x, y)
    assert fit.r_squared == 0
    np.testing.assert_allclose(fit.predict(x), 0.25)
    with pytest.raises(AlphaRLBenchError, match="does not move"):
        fit.inverse(0.9)


def test_leaving_out_the_only_other_accuracy() -> None:
    # Without the last, accuracies have no spread and the mean of the others, 0, is predicted: the
    # one error of 1 there is 3/2 of the whole sum of squares, 2/3; the others add to that.
    x, y = np.arange(6.0).reshape(3, 2) ** 2, np.array([0.0, 0.0, 1.0])
    unseen = [
        sklearn_fit(x[[1, 2]], y[[1, 2]]).predict(x[[0]]).item() - y[0],
        sklearn_fit(x[[0, 2]], y[[0, 2]]).predict(x[[1]]).item() - y[1],
        0 - y[2],
    ]
    assert leave_one_out(x, y) == pytest.approx(1 - np.square(unseen).sum() * 3 / 2)


@pytest.mark.parametrize("place", [(2, 0), (1, 3)])
def test_what_is_not_finite_is_named(place: tuple[int, int]) -> None:
    x, y = drawn(4, 6)
    x[place] = np.nan
    with pytest.raises(AlphaRLBenchError, match=f"vector of checkpoint {place[0] + 1} of 4"):
        r_squared(x, y)
    x, y = drawn(4, 6)
    y[place[0]] = np.inf
    with pytest.raises(AlphaRLBenchError, match=f"accuracy of checkpoint {place[0] + 1} of 4"):
        PLS.fit(x, y)


def test_too_few_checkpoints() -> None:
    x, y = drawn(2, 6)
    assert r_squared(x, y) == pytest.approx(1)
    with pytest.raises(AlphaRLBenchError, match="2 checkpoints: a fit needs at least 3"):
        leave_one_out(x, y)
    with pytest.raises(AlphaRLBenchError, match="1 checkpoints"):
        PLS.fit(x[:1], y[:1])
    with pytest.raises(ValueError, match="not of one trajectory"):
        r_squared(x, y[:1])


# Whole numbers: rounding is no part of what is tested, and ties and still columns are.
GRID = st.integers(-3, 3).map(float)


@given(
    arrays(float, st.tuples(st.integers(3, 8), st.integers(1, 12)), elements=GRID),
    st.data(),
)
def test_properties(x: np.ndarray, data: st.DataObject) -> None:
    y = data.draw(arrays(float, len(x), elements=GRID))
    found = r_squared(x, y)
    if np.ptp(y) == 0:
        assert np.isnan(found)
        return
    assert 0 <= found <= 1 + 1e-12
    fit = PLS.fit(x, y)
    # An accuracy that was turned into a vector is predicted from it.
    if abs(fit.slope) > 1e-6:
        np.testing.assert_allclose(fit.predict(fit.inverse(0.7)), 0.7, atol=1e-8)
        assert fit.r_squared == pytest.approx(float(found), abs=1e-9)
        assert fit.r_squared == pytest.approx(r2_score(y, fit.predict(x)), abs=1e-9)
        # Shifts, scales and signs of columns, order of columns, and units of accuracy.
        rng = np.random.default_rng(0)
        signs = rng.choice([-2.0, 3.0], x.shape[1])
        changed = (x * signs + rng.integers(-2, 3, x.shape[1]))[:, rng.permutation(x.shape[1])]
        assert r_squared(changed, 5 - 2 * y) == pytest.approx(float(found), abs=1e-9)
