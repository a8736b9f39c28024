"""The bootstrap against scipy's t-interval, t-test and Welch's degrees, and by hand.

Its coverage by simulation is in tests/benchmarks/coverage.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from alpharl_bench.scoring import (
    degrees_of_freedom,
    p_above,
    percentile_interval,
    resampling_weights,
    unit_weights,
)
from alpharl_bench.scoring.bootstrap import LEAST_DF, TAIL

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
    # 98 %: the 10th.
    assert percentile_interval(values, df=1e9, confidence=0.98) == (9, 1009)
    # 99 %: fewer than ten lie beyond. z of the 10th is -2.3338, that of 0.5 % is -2.5758, and the
    # median 509: 509 - 500 · 2.5758 / 2.3338 = -42.86.
    ends = percentile_interval(values, df=1e9, confidence=0.99)
    assert ends == pytest.approx((-42.86, 1018 + 42.86), abs=0.01)


def test_many_statistics_at_once() -> None:
    values = np.random.default_rng(0).normal(size=(500, 3, 2))
    low, high = percentile_interval(values, df=10)
    assert low.shape == high.shape == (3, 2)
    assert (low[1, 0], high[1, 0]) == percentile_interval(values[:, 1, 0], df=10)


@pytest.mark.parametrize("df", [0, 1, LEAST_DF - 0.01])
def test_too_few_units_have_no_interval_and_decide_nothing(df: float) -> None:
    low, high = percentile_interval(np.full((1000, 2), 0.5), df)
    assert (low == -np.inf).all()
    assert (high == np.inf).all()
    assert p_above(np.full((1000, 2), 0.5), 0, df).tolist() == [1, 1]


def test_a_p_value_counts_the_resamples_beyond() -> None:
    values = np.arange(999.0)
    # 24 of 999 lie below 24: 25/1000 on one side, two sides.
    assert p_above(values, 24, df=1e9) == pytest.approx(0.05)
    assert p_above(-values, -974, df=1e9) == pytest.approx(0.05)
    # One that lies on the bound holds, unless it is to be beyond it.
    assert p_above(values, 24, df=1e9, strictly=True) == pytest.approx(0.052)
    assert p_above(values, 998.5, df=1e9) == 1


def test_beyond_the_resamples_a_normal_tail_goes_on() -> None:
    # 999 resamples at the normal percentiles: the tenth lowest is at Φ⁻¹(10/1000), the median at 0.
    values = stats.norm.ppf(np.arange(1, 1000) / 1000)
    for bound in (-3.0, -5.0, -8.0):
        assert p_above(values, bound, df=1e9) == pytest.approx(2 * stats.norm.cdf(bound), rel=1e-6)
        assert p_above(values, bound, df=20) == pytest.approx(2 * stats.t.cdf(bound, 20), rel=1e-6)
        confidence = float(1 - p_above(values, bound, df=20))
        if confidence < 1 - 1e-9:  # of less a float near 1 keeps no digits
            assert percentile_interval(values, 20, confidence)[0] == pytest.approx(bound, rel=1e-4)


def test_each_side_has_its_own_scale() -> None:
    values = stats.norm.ppf(np.arange(1, 1000) / 1000)
    skewed = np.where(values > 0, 3 * values, values)
    assert p_above(skewed, -4, df=1e9) == pytest.approx(2 * stats.norm.cdf(-4), rel=1e-6)
    assert p_above(-skewed, -12, df=1e9) == pytest.approx(2 * stats.norm.cdf(-4), rel=1e-6)


def test_the_tail_begins_where_counting_ends() -> None:
    values = np.sort(np.random.default_rng(0).normal(size=5000))
    before, tail = values[TAIL] - 1e-9, values[TAIL - 1] - 1e-9
    assert p_above(values, before, df=50) == pytest.approx(2 * stats.t.cdf(z_of(11, 5000), 50))
    assert p_above(values, tail, df=50) == pytest.approx(2 * stats.t.cdf(z_of(10, 5000), 50))
    p = [float(p_above(values, bound, df=50)) for bound in np.linspace(-6, 6, 300)]
    assert (np.diff(p) >= 0).all()


def z_of(rank: int, resamples: int) -> float:
    return float(stats.norm.ppf(rank / (resamples + 1)))


def test_resamples_that_are_all_alike_are_a_point() -> None:
    alike = np.full(999, 0.5)
    assert percentile_interval(alike, df=30) == (0.5, 0.5)
    # What 999 of 999 above the bound say, and no more: there is no scale to go on by.
    assert p_above(alike, 0.4, df=1e9) == pytest.approx(0.002)
    assert p_above(alike, 0.5, df=1e9) == pytest.approx(0.002)
    assert p_above(alike, 0.5, df=1e9, strictly=True) == 1
    low, high = percentile_interval(alike, df=1e9, confidence=0.999)
    assert (low, high) == (-np.inf, np.inf)


def test_a_confidence_of_one_has_no_ends() -> None:
    for values in (np.random.default_rng(0).normal(size=500), np.full(500, 0.5)):
        assert percentile_interval(values, df=30, confidence=1.0) == (-np.inf, np.inf)


@given(
    seed=st.integers(0, 2**32),
    # Few different values: ties on the bound, half of the resamples alike, or all.
    kinds=st.sampled_from([1, 2, 3, 10, 10**6]),
    resamples=st.sampled_from([5, 10, 11, 50, 2000]),
    bound=st.floats(-6, 6),
    error=st.floats(1e-9, 0.9),
    df=st.sampled_from([4, 29, 1e9]),
)
@settings(deadline=None, max_examples=300)
def test_p_values_decide_where_intervals_do(
    seed: int, kinds: int, resamples: int, bound: float, error: float, df: float
) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=resamples) * kinds) / kinds
    bound = round(bound * kinds) / kinds
    above, below = p_above(values, bound, df), p_above(-values, -bound, df, strictly=True)
    # Between two floats neither is right: 1 − (1 − α) is not α.
    for p in (above, below):
        assume(abs(p - error) > 1e-6 * error + 1e-15 / error)
    low, high = percentile_interval(values, df, 1 - error)
    assert (above <= error) == (low >= bound)
    assert (below <= error) == (high < bound)


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
    assert p_above(means, bound, size - 1) == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("size", [30, 300])
def test_a_mean_has_the_p_value_of_student_where_no_resample_lies(size: int) -> None:
    units = stats.zscore(np.random.default_rng(size).normal(size=size), ddof=1)
    means = resampling_weights([""] * size) @ units
    bound = -5.5 * size**-0.5
    assert means.min() > bound
    # A tenth of the scale of the tail is a tenth of z: two to three times the p-value.
    expected = stats.ttest_1samp(units, bound).pvalue
    assert np.log(p_above(means, bound, size - 1) / expected) == pytest.approx(0, abs=1.1)
