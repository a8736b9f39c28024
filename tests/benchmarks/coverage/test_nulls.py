"""The simulation of controls, in a short version, against what can be worked out."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.coverage.nulls import (
    BEYOND,
    CHECKPOINTS,
    DRAWS,
    LINES,
    Drawn,
    Noise,
    above_all,
    above_mean,
    noise_bank,
    not_excluded,
    of_noise,
    over_modules,
    permutations,
    scores,
    shuffles,
    told,
)
from benchmarks.coverage.pooled import MODULES
from benchmarks.noise_r2 import expected


@pytest.fixture(scope="module")
def bank() -> np.ndarray:
    return noise_bank(MODULES, 300)


def test_runs_that_are_their_null_by_hand() -> None:
    # Runs 0 and 2 have a standard deviation of 1: moved by it they are 1 and 3, then 2 and 4, …
    drawn = Drawn(np.array([0.0, 2.0]), np.array([[-1, 1.5], [2.5, 3.5]]))
    assert drawn.told(above_all) == {0: 0, 1: 0, 2: 1, 3: 1}
    # Means ½ … of two draws; t(1) = 12.71 times 1.25 is out of reach.
    assert drawn.told(above_mean) == dict.fromkeys(BEYOND, 0)


def test_a_rank_tells_two_of_a_hundred() -> None:
    drawn = np.random.default_rng(0).standard_normal((1500, DRAWS + 1))
    # Skewed or not, a rank is a rank; three standard errors are 1.1 %.
    for of in (drawn, np.exp(drawn)):
        assert Drawn(of[:, 0], of[:, 1:]).told()[0] == pytest.approx(0.02, abs=0.011)
    normal = Drawn(drawn[:, 0], drawn[:, 1:]).told()
    # The second best of 99 draws lies at about the 98.5th percentile.
    for beyond in (1, 2, 3):
        power = stats.norm.sf(stats.norm.ppf(0.985) - beyond)
        assert normal[beyond] == pytest.approx(power, abs=0.05)


def test_the_mean_of_the_draws_is_no_null() -> None:
    drawn = np.random.default_rng(0).standard_normal((500, DRAWS + 1))
    # A run is above a mean that is all but known with t/√99 = 0.2: 42 %.
    assert Drawn(drawn[:, 0], drawn[:, 1:]).told(above_mean)[0] == pytest.approx(0.42, abs=0.07)


def test_scores_of_a_run_that_is_its_null() -> None:
    found = scores(150, 4, repetitions=200)
    assert found["paired"][0] <= 0.06
    for beyond in BEYOND:
        power = stats.norm.sf(1.96 - beyond)
        assert found["paired"][beyond] == pytest.approx(power, abs=0.12)
    # Intervals that do not overlap ask for far more.
    assert found["intervals apart"][3] < found["paired"][3] - 0.2


def test_shuffled_orders_and_their_mirror_images() -> None:
    slopes = shuffles(1500)
    assert slopes.draws.shape == (1500, 8)
    np.testing.assert_allclose(slopes.draws[:, :4], -slopes.draws[:, 4:])
    # Runs are drawn as the shuffles are.
    assert slopes.runs.std() == pytest.approx(slopes.draws.std(), rel=0.1)
    assert slopes.told()[0] <= 0.025 + 0.012
    # One of five orders is the steepest.
    steepest = Drawn(slopes.runs, slopes.draws[:, :4]).told(above_all)[0]
    assert steepest == pytest.approx(0.2, abs=0.03)


def test_a_permutation_is_one_of_the_run() -> None:
    alike, apart = (permutations(60, of_the_run=shared) for shared in (True, False))
    np.testing.assert_array_equal(alike.runs, apart.runs)
    # Of 60 with a chance of 2 % five or more have a probability of 1 %.
    assert alike.told()[0] < 5 / 60
    assert apart.told()[0] > 0.15
    # The draws of 28 modules average out; what moves the run moves them all.
    assert apart.draws.std(axis=1).mean() < alike.draws.std(axis=1).mean() / 3


def test_noise_is_what_the_formula_says(bank: np.ndarray) -> None:
    means = [expected(CHECKPOINTS, width) for width in MODULES]
    # Within ½ % of the formula's approximation.
    assert bank.mean() == pytest.approx(np.mean(means), abs=0.005)
    # Modules are independent: the variance of their mean is that of one over 28.
    spread = np.sqrt(bank.var(axis=0).sum()) / len(MODULES)
    assert bank.mean(axis=1).std() == pytest.approx(spread, rel=0.15)
    drawn = of_noise(bank, 500)
    assert drawn.told()[0] == pytest.approx(0.02, abs=0.02)


def test_the_former_interval_is_that_of_how_modules_differ(bank: np.ndarray) -> None:
    ends = over_modules(bank, 30).mean(axis=0)
    of_modules = bank.mean(axis=0)
    interval = stats.t.interval(0.95, 27, of_modules.mean(), stats.sem(of_modules))
    np.testing.assert_allclose(ends, interval, atol=0.004)


def test_the_former_interval_is_no_interval_of_the_null() -> None:
    mixed, alike = (Noise.of(widths, 200) for widths in (MODULES, 28 * (128,)))
    assert mixed.held > 0.99
    assert alike.held < 0.5
    # 95 % of draws lie within 1.96 standard deviations.
    for noise in (mixed, alike):
        reach = np.diff(noise.middle)[0] / 2
        assert reach == pytest.approx(1.96 * noise.means.std(), rel=0.2)


def test_the_former_rule_depends_on_the_line_and_on_widths() -> None:
    found = not_excluded(100)
    for of in found.values():
        shares = [of[line] for line in LINES]
        assert shares == sorted(shares, reverse=True)
    assert found["28 of width 128"][2] == 0
    assert found["28 of qwen3-switch"][2] > 0.95


def test_told_by_hand() -> None:
    # Eight draws around 0: of one more draw t(7) · s · √(9/8) = 2.364624 · 1.069045 · 1.060660.
    draws = np.array([1, -1] * 4, dtype=float)
    assert told(2.69, draws)
    assert not told(2.68, draws)
