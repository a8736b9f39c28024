"""The bootstrap against scipy's t-interval, t-test and Welch's degrees, and by hand.

Its coverage by simulation is in tests/benchmarks/test_coverage.py.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from alpharl_bench.scoring import (
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
    two_sided_p,
    unit_weights,
)

STRATA = st.lists(st.sampled_from(["modulo", "chain", "sorting"]), min_size=1, max_size=30)


def test_every_task_counts_alike_and_every_question_within_it() -> None:
    weights = unit_weights(["gsm", "aime", "gsm", "gsm"])
    np.testing.assert_allclose(weights, [1 / 6, 1 / 2, 1 / 6, 1 / 6])


@given(STRATA, st.integers(0, 2**32))
@settings(deadline=None)
def test_units_are_drawn_whole_and_strata_keep_their_share(strata: list[str], seed: int) -> None:
    weights = resampling_weights(strata, resamples=20, seed=seed)
    assert weights.shape == (20, len(strata))
    share = 1 / len(set(strata))
    for stratum in set(strata):
        members = np.array([s == stratum for s in strata])
        np.testing.assert_allclose(weights[:, members].sum(axis=1), share)
        # One draw less than there are units, but for a unit that is alone.
        counts = weights[:, members] / share * max(members.sum() - 1, 1)
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
        assert (counts >= 0).all()


def test_a_seed_fixes_the_draws() -> None:
    strata = ["a"] * 5 + ["b"] * 3
    first = resampling_weights(strata, 50, seed=7)
    resampling_weights(["c"] * 4, 50)
    resampling_weights(["d"] * 4, 50)  # no longer kept in memory
    np.testing.assert_array_equal(resampling_weights(strata, 50, seed=7), first)
    assert not np.array_equal(resampling_weights(strata, 50, seed=8), first)


def test_a_resampled_mean_has_the_unbiased_variance() -> None:
    rng = np.random.default_rng(0)
    small, large = rng.normal(0, 1, 4), rng.normal(0, 3, 12)
    weights = resampling_weights(["s"] * 4 + ["l"] * 12, 50_000)
    variance = (small.var(ddof=1) / 4 + large.var(ddof=1) / 12) / 4  # of the mean of two means
    means = weights @ np.concatenate([small, large])
    assert means.var() == pytest.approx(variance, rel=0.03)
    assert means.mean() == pytest.approx((small.mean() + large.mean()) / 2, abs=0.02)


@pytest.mark.parametrize("sizes", [(30, 1319), (30, 30), (2, 7)])
def test_the_degrees_of_freedom_are_welch_s_at_equal_variances(sizes: tuple[int, int]) -> None:
    samples = [stats.zscore(np.arange(size), ddof=1) for size in sizes]
    strata = ["a"] * sizes[0] + ["b"] * sizes[1]
    welch = stats.ttest_ind(*samples, equal_var=False).df
    assert degrees_of_freedom(strata) == pytest.approx(welch)


def test_degrees_of_freedom_by_hand() -> None:
    assert degrees_of_freedom(["a"] * 30) == pytest.approx(29)
    assert degrees_of_freedom(["a", "b", "c"] * 25) == pytest.approx(75 - 3)
    # A question alone in its task has no spread, however many there are in other tasks.
    assert degrees_of_freedom(["a"] * 30 + ["b"]) == 0


def test_the_ends_are_order_statistics() -> None:
    values = np.random.default_rng(0).permutation(1019)
    # 2.5 % of 1020 are 25.5: the 25th from either end of 0 … 1018. So many units make t normal.
    assert percentile_interval(values, df=1e9) == (24, 994)
    # t(0.025; 29) = -2.0452, Φ of it is 0.0204, and of 1020 that is 20.8.
    assert percentile_interval(values, df=29) == (19, 999)
    # 99 %: the 5th.
    assert percentile_interval(values, df=1e9, confidence=0.99) == (4, 1014)


def test_many_statistics_at_once() -> None:
    values = np.random.default_rng(0).normal(size=(500, 3, 2))
    low, high = percentile_interval(values, df=10)
    assert low.shape == high.shape == (3, 2)
    assert (low[1, 0], high[1, 0]) == percentile_interval(values[:, 1, 0], df=10)


@pytest.mark.parametrize("df", [0, 1])
def test_too_few_units_have_no_interval_and_no_p_value_below_one_of_many(df: int) -> None:
    low, high = percentile_interval(np.full((1000, 2), 0.5), df)
    assert (low == -np.inf).all()
    assert (high == np.inf).all()
    assert two_sided_p(np.zeros((1000, 2), dtype=bool), df).min() > 0.05


def test_no_resample_beyond_is_no_p_value_of_zero() -> None:
    # 1/1000 on one side, two sides.
    assert two_sided_p(np.zeros(999, dtype=bool), df=1e9) == pytest.approx(0.002)
    assert two_sided_p(np.ones(999, dtype=bool), df=1e9) == 1


@pytest.mark.parametrize("size", [10, 30, 300])
def test_a_mean_has_the_interval_and_p_value_of_student(size: int) -> None:
    units = stats.zscore(np.random.default_rng(size).normal(size=size), ddof=1) + 5
    means = resampling_weights([""] * size) @ units
    error = size**-0.5
    low, high = stats.t.interval(0.95, size - 1, 5, error)
    found = percentile_interval(means, degrees_of_freedom([""] * size))
    assert found == pytest.approx((low, high), abs=0.15 * error)
    bound = 5 - 2 * error
    expected = stats.ttest_1samp(units, bound).pvalue
    assert two_sided_p(means < bound, size - 1) == pytest.approx(expected, abs=0.015)
