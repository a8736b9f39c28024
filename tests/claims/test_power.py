"""Power against statsmodels, by hand and by simulation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from alpharl_bench.claims import Interval
from alpharl_bench.claims.power import POWER, SPREAD, detectable, expected, power


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_the_smallest_effect_is_that_of_a_t_test(n: int) -> None:
    # Of n units with a standard deviation of 1; the noncentral t differs from a shifted one in the
    # second digit of few units.
    half = stats.t.isf(0.025, n - 1) / np.sqrt(n)
    found = detectable(Interval(0.3, 0.3 - half, 0.3 + half), n - 1)
    exact = TTestPower().solve_power(nobs=n, alpha=0.05, power=POWER)
    assert found == pytest.approx(exact, rel=0.6 / n + 0.002)


def test_it_does_not_depend_on_what_was_found() -> None:
    near, far = (detectable(Interval(at, at - 0.1, at + 0.1), 50) for at in (0.0, 5.0))
    assert near == pytest.approx(far)


def test_without_an_interval_nothing_is_told() -> None:
    assert detectable(Interval(0.5, -np.inf, np.inf), 30) == np.inf
    assert detectable(Interval(0.5, 0.4, 0.6), 0) == np.inf


def test_the_power_of_no_effect_is_the_error_and_of_the_smallest_effect_80_percent() -> None:
    assert power(0.0, 1.0, 1e6) == pytest.approx(0.025, abs=1e-4)
    assert power(1.96 + 0.8416, 1.0, 1e6) == pytest.approx(POWER, abs=1e-3)
    assert power(-1.0, 1.0, 1e6) < 0.025 < power(1.0, 1.0, 1e6)


def test_what_is_expected_by_simulation() -> None:
    # Two variants with chances of 1/2 ± half of a difference between questions, two tasks.
    rng = np.random.default_rng(0)
    sizes, samples, means = {"a": 40, "b": 60}, 4, []
    for n in sizes.values():
        apart = rng.normal(0, SPREAD, (20_000, n)) / 2
        ups, downs = (rng.binomial(samples, 0.5 + s * apart) / samples for s in (1, -1))
        means.append((ups - downs).mean(axis=1))
    error = np.mean(means, axis=0).std()
    assert expected(sizes, samples) == pytest.approx(error * (1.985 + 0.846), rel=0.02)
    assert expected({"a": 3}, 4) == expected({}, 4) == np.inf
