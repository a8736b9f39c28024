"""What every null keeps of a trajectory, what it draws, and how much noise explains."""

import numpy as np
import pytest
from scipy import stats
from sklearn.cross_decomposition import PLSRegression

from alpharl_bench.dynamics import NULLS, leave_one_out, null_generator, null_r_squared, r_squared
from alpharl_bench.dynamics.nulls import (
    noise,
    permuted,
    random_directions,
    random_walk,
    step_lengths,
    straight_path,
    walk,
    walk_gram,
)

STEPS = 9
Y = 0.2 + 0.5 * (1 - np.exp(-np.arange(STEPS) / 4))


@pytest.fixture
def x() -> np.ndarray:
    rng = np.random.default_rng(7)
    path = np.cumsum(rng.standard_normal((STEPS, 300)), axis=0) + 5
    return path.astype("f4")


def test_draws_are_fixed_by_module_and_seed(x: np.ndarray) -> None:
    for null in NULLS.values():
        first, again = (null(x, Y, null_generator("up", 3)) for _ in range(2))
        for one, other in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, other)
        for generator in (null_generator("up", 4), null_generator("down", 3)):
            other = null(x, Y, generator)
            assert any((a != b).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", NULLS)
def test_shapes_and_what_was_given_are_left_alone(name: str, x: np.ndarray) -> None:
    kept_x, kept_y = x.copy(), Y.copy()
    drawn_x, drawn_y = NULLS[name](x, Y, null_generator("up"))
    assert (drawn_x.shape, drawn_y.shape) == (x.shape, Y.shape)
    np.testing.assert_array_equal(x, kept_x)
    np.testing.assert_array_equal(Y, kept_y)


def test_noise_is_gaussian(x: np.ndarray) -> None:
    drawn = noise(x, Y, null_generator("up"))[0]
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 0.01
    assert abs(np.corrcoef(drawn)[0, 1:]).max() < 0.25


def test_permuted_accuracies_are_the_same_in_another_order(x: np.ndarray) -> None:
    drawn_x, drawn_y = permuted(x, Y, null_generator("up"))
    assert drawn_x is x
    assert sorted(drawn_y) == sorted(Y)
    assert (drawn_y != Y).any()


def test_a_walk_has_the_steps_of_the_trajectory_in_other_directions(x: np.ndarray) -> None:
    drawn = random_walk(x, Y, null_generator("up"))[0]
    np.testing.assert_array_equal(drawn[0], x[0])
    own, drawn_steps = np.diff(x, axis=0), np.diff(drawn, axis=0)
    np.testing.assert_allclose(
        np.linalg.norm(drawn_steps, axis=1), np.linalg.norm(own, axis=1), rtol=1e-5
    )
    unit = drawn_steps / np.linalg.norm(drawn_steps, axis=1, keepdims=True)
    # Cosines of random directions in 300 dimensions have a standard deviation of 1/√300 = 0.06.
    assert abs(unit @ unit.T - np.eye(STEPS - 1)).max() < 0.3
    assert abs((unit * own).sum(axis=1) / np.linalg.norm(own, axis=1)).max() < 0.3


def test_random_directions_keep_lengths(x: np.ndarray) -> None:
    x[3] = 0
    drawn = random_directions(x, Y, null_generator("up"))[0]
    lengths = np.linalg.norm(drawn, axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(x, axis=1), rtol=1e-5)
    unit = np.delete(drawn, 3, axis=0) / np.delete(lengths, 3)[:, None]
    assert abs(unit @ unit.T - np.eye(STEPS - 1)).max() < 0.3


def test_r_squared_of_draws_is_that_of_scikit_learn(x: np.ndarray) -> None:
    for null in NULLS.values():
        found = null_r_squared(null, x, Y, 3, null_generator("up"))
        generator = null_generator("up")
        for value in found:
            drawn_x, drawn_y = null(x, Y, generator)
            drawn_x = drawn_x.astype(float)
            fit = PLSRegression(n_components=1).fit(drawn_x, drawn_y)
            assert value == pytest.approx(fit.score(drawn_x, drawn_y), rel=1e-6)


def test_wide_noise_explains_every_accuracy() -> None:
    # The score is all but ỹ where there are far more columns than checkpoints: K ≈ m (I − 11ᵀ/T).
    wide, narrow = np.zeros((27, 4096)), np.zeros((27, 1))
    y = np.sin(np.arange(27.0))
    assert null_r_squared(noise, wide, y, 5, null_generator("up")).min() > 0.99
    # Of one column R² is a squared correlation, with expectation 1/(T − 1).
    single = null_r_squared(noise, narrow, y, 400, null_generator("up"))
    assert single.mean() == pytest.approx(1 / 26, abs=0.01)
    unseen = [leave_one_out(*noise(wide, y, null_generator("up", seed))) for seed in range(5)]
    assert max(unseen) < 0.1


def test_places_of_a_walk() -> None:
    lengths = np.array([3.0, 0.0, 4.0])
    places = walk(lengths, 50_000, null_generator("up"))
    np.testing.assert_allclose(np.linalg.norm(places[0]), 3)
    np.testing.assert_array_equal(places[1], places[0])
    # Steps are all but orthogonal: 3, 3 and 5 away from the start; shared steps are 9.
    expected = np.array([[9, 9, 9], [9, 9, 9], [9, 9, 25]])
    np.testing.assert_array_equal(walk_gram(lengths), expected)
    np.testing.assert_allclose(places @ places.T, expected, atol=0.3)
    np.testing.assert_allclose(step_lengths(places @ places.T), lengths, atol=1e-6)


def test_a_straight_path_has_the_r_squared_of_accuracy_on_the_way() -> None:
    x = np.random.default_rng(0).standard_normal((9, 30)).cumsum(axis=0)
    y = np.array([0.1, 0.2, 0.2, 0.5, 0.4, 0.6, 0.8, 0.8, 0.9])
    straight, same = straight_path(x, y, np.random.default_rng(0))
    way = np.concatenate([[0], np.linalg.norm(np.diff(x, axis=0), axis=1).cumsum()])
    assert same is y
    assert float(r_squared(straight, y)) == pytest.approx(np.corrcoef(way, y)[0, 1] ** 2)
    # Any line in space has it, whichever its direction.
    line = np.outer(way, [3.0, -4.0, 12.0]) / 13 + 5
    assert float(r_squared(line, y)) == pytest.approx(float(r_squared(straight, y)))
