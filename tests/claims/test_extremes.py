"""The least and the most of several numbers, by hand and against their own intervals."""

import itertools
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alpharl_bench.claims import Threshold
from alpharl_bench.claims.claim import Extreme
from alpharl_bench.claims.extremes import extreme, interval, p_values
from alpharl_bench.scoring import percentile_interval

LOW, HIGH = Threshold(low=0), Threshold(high=0)
DF = 40


def test_extremes_by_hand() -> None:
    values = np.array([[[1.0, 5.0], [2.0, 0.0]], [[3.0, 4.0], [0.0, 9.0]]])  # (2, 2, B)
    assert extreme(values[0], ["least"]).tolist() == [1, 0]
    assert extreme(values[0], ["most"]).tolist() == [2, 5]
    # The most along the first axis of the least along the second.
    assert extreme(values, ["most", "least"]).tolist() == [1, 4]
    assert extreme(values, ["least", "most"]).tolist() == [2, 5]
    assert extreme(np.array([1.0, 2.0]), []).tolist() == [1, 2]


def test_all_of_them_hold_by_the_worst_and_one_fails_by_the_best_of_three() -> None:
    holds, fails = np.array([0.01, 0.04, 0.2]), np.array([0.9, 0.01, 0.5])
    assert p_values(holds, fails, ["least"], LOW) == pytest.approx((0.2, 0.03))
    # The most is below a bound where all are.
    assert p_values(holds, fails, ["most"], HIGH) == pytest.approx((0.2, 0.03))


def test_one_of_them_holds_by_the_best_of_three_and_all_fail_by_the_worst() -> None:
    holds, fails = np.array([0.01, 0.04, 0.2]), np.array([0.9, 0.01, 0.5])
    assert p_values(holds, fails, ["most"], LOW) == pytest.approx((0.03, 0.9))
    assert p_values(holds, fails, ["least"], HIGH) == pytest.approx((0.03, 0.9))


def test_nested_extremes_by_hand() -> None:
    holds = np.array([[0.01, 0.03], [0.2, 0.001]])
    fails = np.array([[0.5, 0.02], [0.04, 0.9]])
    # One stage with both: both by the worst (0.03 and 0.2), the better of two stages 2 · 0.03.
    # Every stage lacks one: 2 · 0.02 and 2 · 0.04, the worst of these.
    assert p_values(holds, fails, ["most", "least"], LOW) == pytest.approx((0.06, 0.08))
    # All stages with either: 2 · 0.01 and 2 · 0.001, the worst. A stage that lacks both, of two.
    assert p_values(holds, fails, ["least", "most"], LOW) == pytest.approx((0.02, 1))


def test_p_values_are_at_most_one() -> None:
    assert p_values(np.array([0.9, 0.8]), np.array([0.7, 0.6]), ["least"], LOW) == (0.9, 1)


def test_no_extreme_is_the_number_itself() -> None:
    assert p_values(np.array(0.02), np.array(0.98), [], LOW) == (0.02, 0.98)
    values = np.random.default_rng(0).normal(size=500)
    ends = partial(percentile_interval, values, DF)
    assert interval(ends, [], 0.95) == percentile_interval(values, DF)


@pytest.mark.parametrize("extremes", [["least"], ["most"], ["least", "most"], ["most", "least"]])
def test_the_extreme_of_one_number_has_its_interval(extremes: list[Extreme]) -> None:
    values = np.random.default_rng(0).normal(size=(500, *[1] * len(extremes)))
    found = interval(partial(percentile_interval, values, DF), extremes, 0.95)
    assert found == percentile_interval(values.ravel(), DF)


def test_the_interval_of_the_least_by_hand() -> None:
    # Two numbers with ends ±10 e about 0 and 1 at an error of e, so that half of it is told apart.
    def ends(confidence: float) -> tuple[np.ndarray, np.ndarray]:
        width = 1 / (1 - confidence)
        return np.array([-width, 1 - width]), np.array([width, 1 + width])

    assert interval(ends, ["least"], 0.9) == pytest.approx((-10, 20))
    assert interval(ends, ["most"], 0.9) == pytest.approx((1 - 20, 1 + 10))


SHAPES = {1: [(1,), (3,), (7,)], 2: [(1, 2), (4, 2), (5, 3)]}


@given(
    seed=st.integers(0, 2**32),
    case=st.sampled_from(
        [
            (list(extremes), shape)
            for count, shapes in SHAPES.items()
            for extremes in itertools.product(("least", "most"), repeat=count)
            for shape in shapes
        ]
    ),
    line=st.sampled_from([LOW, HIGH]),
    shift=st.floats(-4, 4),
    error=st.floats(1e-6, 0.9),
)
@settings(deadline=None, max_examples=200)
def test_intervals_decide_where_p_values_do(
    seed: int,
    case: tuple[list[Extreme], tuple[int, ...]],
    line: Threshold,
    shift: float,
    error: float,
) -> None:
    extremes, shape = case
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(400, *shape)) + rng.normal(size=shape) + shift
    holds, fails = p_values(line.p_holds(values, DF), line.p_fails(values, DF), extremes, line)
    for p in (holds, fails):
        assume(abs(p - error) > 1e-6 * error)
    low, high = interval(partial(percentile_interval, values, DF), extremes, 1 - error)
    assert low <= high
    assert (holds <= error) == line.holds(low, high)
    assert (fails <= error) == line.fails(low, high)


@given(st.integers(0, 2**32), st.floats(-3, 3))
@settings(deadline=None, max_examples=50)
def test_the_estimate_lies_in_the_interval(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, 2)) + shift
    values = rng.normal(size=(999, 4, 2)) + centres
    found = float(extreme(np.median(values, axis=0)[..., None], ["most", "least"])[0])
    low, high = interval(partial(percentile_interval, values, DF), ["most", "least"], 0.95)
    assert low <= found <= high
