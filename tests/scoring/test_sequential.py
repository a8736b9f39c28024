"""Boundaries against published tables and scipy's multivariate normal, levels by simulation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from alpharl_bench.scoring.sequential import (
    Analysis,
    Spending,
    boundaries,
    planned_samples,
    spent,
)

SPENDINGS: tuple[Spending, ...] = ("pocock", "obrien-fleming")
FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
ERRORS = st.floats(1e-4, 0.5)


def crossing(times: tuple[float, ...], z: tuple[float, ...]) -> float:
    """The chance that any |z| is reached: Corr(z_j, z_k) = √(t_j / t_k) for j ≤ k."""
    reached = np.isfinite(z)
    t, bounds = np.array(times)[reached], np.array(z)[reached]
    correlation = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    joint = stats.multivariate_normal(cov=correlation, seed=0, abseps=2e-5, allow_singular=True)
    return float(1 - joint.cdf(bounds, lower_limit=-bounds))


@st.composite
def information(draw: st.DrawFn) -> tuple[float, ...]:
    """Ascending fractions in hundredths, as analyses have them."""
    hundredths = draw(st.sets(st.integers(1, 100), min_size=1, max_size=4))
    return tuple(n / 100 for n in sorted(hundredths))


@pytest.mark.parametrize(
    ("spending", "times", "published"),
    [
        # Five equal looks at 5 %: Lan and DeMets 1983, by the programs of Reboussin et al. 2000.
        ("obrien-fleming", FIFTHS, (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
        ("pocock", FIFTHS, (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
        # Unequal looks before the last planned one: a unit test of the R package rpact, one-sided
        # at 2.5 %, to which the other side adds less than a digit.
        ("pocock", (0.4, 0.7), (2.2239, 2.3051)),
    ],
)
def test_published_boundaries(
    spending: Spending, times: tuple[float, ...], published: tuple[float, ...]
) -> None:
    assert boundaries(times, 0.05, spending) == pytest.approx(published, abs=1.5e-4)


@pytest.mark.parametrize("spending", SPENDINGS)
def test_a_single_analysis_is_the_ordinary_one(spending: Spending) -> None:
    assert boundaries((1.0,), 0.05, spending) == pytest.approx((1.959964,), abs=1e-5)
    assert Analysis().nominal(0.05) == pytest.approx(0.05)
    assert Analysis().p_value(np.array([0.3, 0.001])) == pytest.approx([0.3, 0.001])


def test_spending_by_hand() -> None:
    # 0.05 ln(1 + 1.71828 · 0.5) = 0.05 · 0.62011.
    assert spent(0.5, 0.05, "pocock") == pytest.approx(0.031006, abs=1e-6)
    # z(0.0125) = 2.24140, over √0.5 that is 3.16982, and 4 (1 − Φ(3.16982)) = 4 · 0.00076278.
    assert spent(0.5, 0.05, "obrien-fleming") == pytest.approx(0.0030511, abs=1e-6)


@pytest.mark.parametrize("spending", SPENDINGS)
@given(information(), ERRORS)
@settings(deadline=None, max_examples=25)
def test_the_analyses_together_spend_what_they_may(
    spending: Spending, times: tuple[float, ...], error: float
) -> None:
    together = crossing(times, boundaries(times, error, spending))
    assert together == pytest.approx(spent(times[-1], error, spending), abs=1e-4)


@pytest.mark.parametrize("spending", SPENDINGS)
@pytest.mark.parametrize("within", [0.1, 0.5, 0.9])
def test_the_level_by_simulation(spending: Spending, within: float) -> None:
    # A between questions, W/s within them: the estimate after s samples shares A with every other.
    rng, paths, looks = np.random.default_rng(0), 400_000, 4
    between = rng.normal(0, np.sqrt(1 - within), paths)
    batches = rng.normal(0, np.sqrt(within * looks), (looks, paths))
    samples = np.arange(1, looks + 1)[:, None]
    estimates = between + batches.cumsum(axis=0) / samples
    errors = np.sqrt(1 - within + within * looks / samples)
    times = tuple((1 / errors[:, 0] ** 2).tolist())
    bounds = np.array(boundaries(times, 0.05, spending))[:, None]
    crossed = (np.abs(estimates / errors) >= bounds).any(axis=0).mean()
    # The standard error of a share of 400,000 is 0.034 %.
    assert crossed == pytest.approx(0.05, abs=0.001)


@given(st.integers(2, 4), st.floats(0.02, 1), st.floats(0, 1), ERRORS)
@settings(deadline=None, max_examples=25)
@pytest.mark.parametrize("spending", SPENDINGS)
def test_too_high_a_part_within_spends_less(
    spending: Spending, looks: int, within: float, part: float, error: float
) -> None:
    # Boundaries that were made for more within than there is: the looks are more alike than they
    # assume, so that together they cross less often.
    assumed = within + part * (1 - within)
    planned = planned_samples(4, looks)
    samples = planned[-1]
    times, true = (Analysis.of(planned, samples, w).times for w in (assumed, within))
    assert crossing(true, boundaries(times, error, spending)) <= error + 1e-4


def test_the_first_analysis_is_wider_the_more_is_within() -> None:
    first = [Analysis.of((4, 8, 12, 16), 4, w).nominal(0.05) for w in (0, 0.2, 0.5, 0.9, 1)]
    assert all(later <= sooner for sooner, later in pairwise(first))


def test_information_by_hand() -> None:
    # Half within at 8 of 16 samples: V is 1/2 + 1/2 · 8/s = 1.5, 1 and 0.75 at 4, 8 and 16.
    assert Analysis.of((4, 8, 16), 8, 0.5).times == (0.5, 0.75)
    assert Analysis.of((4, 8, 16), 16, 1.0).times == (0.25, 0.5, 1.0)
    # Samples that change nothing: there is but one analysis.
    assert Analysis.of((4, 8, 16), 4, 0.0).alone
    # Fractions are rounded down to hundredths: 1/3 and 2/3.
    assert Analysis.of((4, 8, 12), 12, 1.0).times == (0.33, 0.66, 1.0)


def test_planned_samples_by_hand() -> None:
    assert planned_samples(4, 3) == (4, 8, 12)


@given(information(), st.floats(1e-8, 0.9))
@settings(deadline=None, max_examples=25)
def test_p_values_and_nominal_levels_are_inverse(times: tuple[float, ...], error: float) -> None:
    analysis = Analysis(times)
    p = analysis.p_value(np.array(analysis.nominal(error)))
    # Six digits where it decides, two where nothing is decided.
    assert float(p) == pytest.approx(error, rel=2e-5 if error <= 0.2 else 0.02)


@given(information())
@settings(deadline=None, max_examples=15)
def test_p_values_rise_with_the_nominal_one(times: tuple[float, ...]) -> None:
    nominal = np.concatenate([[0.0], np.logspace(-20, 0, 60)])
    p = Analysis(times).p_value(nominal)
    assert (np.diff(p) >= 0).all()
    assert p[0] > 0
    assert p[-1] == 1
    # One of several analyses: the p-value of all is not below its own, but for the least there is.
    assert (p >= np.minimum(nominal, 1) * (1 - 1e-6)).all()


@pytest.mark.parametrize("spending", SPENDINGS)
@pytest.mark.parametrize("times", [(0.25, 0.5, 0.75, 1.0), FIFTHS, (0.97, 0.98, 0.99, 1.0)])
def test_an_error_of_one_decides_everything_in_the_end(
    spending: Spending, times: tuple[float, ...]
) -> None:
    assert boundaries(times, 1.0, spending)[-1] == pytest.approx(0, abs=1e-5)


def test_an_analysis_that_adds_nothing_decides_nothing() -> None:
    nothing = Analysis((0.9, 0.9))
    assert boundaries(nothing.times, 0.05)[-1] == np.inf
    assert nothing.nominal(0.05) == 0
    assert nothing.p_value(np.array([1e-9, 0.5])).tolist() == [1, 1]


@given(information(), st.tuples(ERRORS, ERRORS))
@settings(deadline=None, max_examples=25)
@pytest.mark.parametrize("spending", SPENDINGS)
def test_more_error_narrows_the_last_boundary(
    spending: Spending, times: tuple[float, ...], errors: tuple[float, float]
) -> None:
    # Else there would be no p-value of all analyses.
    less, more = (boundaries(times, error, spending)[-1] for error in sorted(errors))
    assert more <= less + 1e-5
