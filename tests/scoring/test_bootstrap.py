"""The bootstrap: its weights, and the coverage of its intervals by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.scoring import percentile_interval, resampling_weights


@given(
    st.lists(st.sampled_from(["modulo", "chain", "sorting"]), min_size=1, max_size=30),
    st.integers(0, 2**32),
)
@settings(deadline=None)
def test_units_are_drawn_whole_and_strata_keep_their_size(strata: list[str], seed: int) -> None:
    weights = resampling_weights(strata, resamples=20, seed=seed)
    assert weights.shape == (20, len(strata))
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    counts = weights * len(strata)
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
    assert (counts >= 0).all()
    for stratum in set(strata):
        members = np.array([s == stratum for s in strata])
        np.testing.assert_allclose(counts[:, members].sum(axis=1), members.sum())


def test_a_seed_fixes_the_draws() -> None:
    strata = ["a"] * 5 + ["b"] * 3
    first = resampling_weights(strata, 50, seed=7)
    np.testing.assert_array_equal(resampling_weights(strata, 50, seed=7), first)
    assert not np.array_equal(resampling_weights(strata, 50, seed=8), first)


def test_every_unit_counts_alike_with_the_variance_of_a_multinomial() -> None:
    counts = resampling_weights(["a"] * 10, 20_000) * 10
    # Binomial(10, 1/10): mean 1, variance 10 · 0.1 · 0.9; standard errors below 0.007 and 0.01.
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=4 * 0.007)
    np.testing.assert_allclose(counts.var(axis=0), 0.9, atol=5 * 0.01)


def test_the_central_95_percent_by_hand() -> None:
    values = np.random.default_rng(0).permutation(1001)  # 0 … 1000: 2.5 % are 25, 97.5 % are 975
    assert percentile_interval(values) == pytest.approx((25, 975))
    assert percentile_interval(np.full(9, 0.5)) == (0.5, 0.5)


def draw_means(rng: np.random.Generator, runs: int, samples: int = 4) -> np.ndarray:
    """(150 questions, runs): mean@k of questions that differ in difficulty within six tasks."""
    task_means = np.repeat([0.15, 0.3, 0.45, 0.6, 0.75, 0.9], 25)[:, None]
    solved = rng.beta(2 * task_means, 2 * (1 - task_means), size=(150, runs))
    return rng.binomial(samples, solved) / samples


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    runs, truth = 2000, 0.525  # the mean of the six tasks' means
    weights = resampling_weights([f"task {i // 25}" for i in range(150)], resamples=2000)
    resampled = weights @ draw_means(np.random.default_rng(0), runs)
    intervals = np.array([percentile_interval(column) for column in resampled.T])
    covered = np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1]))
    assert 0.92 <= covered <= 0.98
    # It misses on both sides.
    assert 0.005 < np.mean(intervals[:, 0] > truth) < 0.045
    assert 0.005 < np.mean(intervals[:, 1] < truth) < 0.045


def test_the_interval_of_a_paired_difference_covers_it() -> None:
    rng = np.random.default_rng(1)
    weights = resampling_weights([f"task {i // 25}" for i in range(150)], resamples=2000)
    # A variant that gives a right answer back with probability 0.9: the difference is -0.0525.
    full = draw_means(rng, runs=1000)
    variant = rng.binomial((4 * full).astype(int), 0.9) / 4
    resampled = weights @ (variant - full)
    intervals = np.array([percentile_interval(column) for column in resampled.T])
    covered = np.mean((intervals[:, 0] <= -0.0525) & (intervals[:, 1] >= -0.0525))
    assert 0.92 <= covered <= 0.98
