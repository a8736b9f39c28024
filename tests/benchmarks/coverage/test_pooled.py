"""The simulation of claims over several runs, in a short version: what is bad must fail."""

import numpy as np
import pytest
from scipy import stats

from alpharl_bench.claims.pooled import Number
from benchmarks.coverage.pooled import (
    ASKED,
    BORDERS,
    Border,
    Family,
    Rates,
    asked,
    chances,
    pooled,
    questions_alone,
    runs_as_replicates,
    satterthwaite,
    simulate,
    simulate_extremes,
    simulate_weights,
)


@pytest.fixture(scope="module")
def few_bases() -> dict[str, Rates]:
    return simulate(Family(3, 3, between=0.05, seeds=0.02), repetitions=400, resamples=500)


def facts(values: list[list[float]]) -> list[list[Number]]:
    """Numbers by base and run that rest on no questions."""
    return [[Number(np.array(v), np.full(50, v)) for v in runs] for runs in values]


def test_truths_in_closed_form_are_those_of_many_questions() -> None:
    full, kept = np.array([[0.45, 0.75]]), np.array([[[0.9, 1.05], [0.99, 1.1]]])
    trained, variants = chances(np.random.default_rng(0), full, kept, 200_000)
    assert trained.shape == variants.shape == (1, 2, 2, 200_000)
    np.testing.assert_allclose(trained.mean(axis=-1)[..., 0], full, atol=0.003)
    accuracies = [[[0.405, 0.4725], [0.7425, 0.825]]]  # full · kept
    np.testing.assert_allclose(variants.mean(axis=-1), accuracies, atol=0.003)


def test_bases_share_questions_in_part() -> None:
    full, kept = np.full((1, 2), 0.6), np.ones((1, 2, 2))
    trained, variants = (of[0] for of in chances(np.random.default_rng(0), full, kept, 50_000))
    assert np.array_equal(trained[0, 0], trained[0, 1])  # one difficulty for the runs of a base
    assert stats.spearmanr(trained[0, 0], trained[1, 0]).statistic == pytest.approx(0.68, abs=0.02)
    effects = stats.norm.ppf(variants) - stats.norm.ppf(trained)
    for one, other in (((0, 0), (0, 1)), ((0, 0), (1, 0))):
        assert stats.pearsonr(effects[one], effects[other]).statistic == pytest.approx(
            0.5, abs=0.02
        )


def test_a_family_has_the_relative_accuracy_that_is_asked() -> None:
    # Of 40 bases, 5 % each apart: a standard error of 0.8 %.
    family = Family(40, 1, between=0.05, seeds=0, questions=400, samples=32)
    ((numbers),) = family.relative_accuracies(np.random.default_rng(0), 1, 10)
    observed = [run.observed for base in numbers for run in base]
    assert np.mean(observed) == pytest.approx(ASKED, abs=0.03)
    assert np.std(observed) == pytest.approx(np.hypot(0.05, 0.04), abs=0.03)


def test_shares_by_hand() -> None:
    rates = Rates.of([(0, 2), (1, 2), (-1, 0.9), (0.5, 1)], truth=1)
    assert (rates.covered, rates.above, rates.below) == (0.5, 0.25, 0.25)
    assert str(rates) == "50.0% (25.0%, 25.0%)"


def test_intervals_by_hand() -> None:
    values = [[0.9], [1.0], [1.2], [0.8]]
    flat = [v for runs in values for v in runs]
    expected = stats.t.interval(0.95, 3, np.mean(flat), stats.sem(flat))
    numbers = facts(values)
    assert satterthwaite(numbers, 149) == pytest.approx(expected)
    assert runs_as_replicates(numbers, 149) == pytest.approx(expected)
    assert pooled(asked(ASKED), numbers, 149) == pytest.approx(expected)
    assert questions_alone(numbers, 149) == pytest.approx((np.mean(flat), np.mean(flat)))
    # Of more runs to a base only one interval takes each for a base of its own.
    thrice = facts([3 * runs for runs in values])
    assert satterthwaite(thrice, 149) == pytest.approx(expected)
    narrow = stats.t.interval(0.95, 11, np.mean(flat), stats.sem(3 * flat))
    assert runs_as_replicates(thrice, 149) == pytest.approx(narrow)


def test_satterthwaites_degrees_of_freedom_by_hand() -> None:
    # Bases 0, 1, 2: 1/3. A covariance of ¼ (n − 1 of n resamples). V²/(V₁²/2 + V₂²/39) with
    # V₁ = 1/3 and V₂ = ¼: 0.340278 / (0.055556 + 0.001603) = 5.9532.
    resamples = np.tile([0.5, -0.5], 2000)
    resamples = resamples * np.sqrt(1 - 1 / len(resamples))
    numbers = [[Number(np.array(float(v)), v + resamples)] for v in range(3)]
    low, high = satterthwaite(numbers, 39)
    assert (high - low) / 2 == pytest.approx(stats.t.isf(0.025, 5.9532) * np.sqrt(7 / 12), rel=1e-4)


def test_a_pool_of_few_bases_covers(few_bases: dict[str, Rates]) -> None:
    # Three standard errors of 400 are 3.3 %.
    assert few_bases["pooled"].covered >= 0.95 - 0.033
    assert max(few_bases["pooled"].above, few_bases["pooled"].below) <= 0.025 + 0.024


def test_what_is_bad_covers_less(few_bases: dict[str, Rates]) -> None:
    assert few_bases["Satterthwaite"].covered < few_bases["pooled"].covered
    assert few_bases["runs as replicates"].covered < 0.87
    assert few_bases["questions alone"].covered < 0.80


def test_questions_that_bases_share_are_no_replicates() -> None:
    rates = simulate(Family(8, 1, 0, 0, samples=32), repetitions=200, resamples=500)
    assert rates["pooled"].covered >= 0.90
    assert rates["runs as replicates"].covered < 0.80


def test_modules_are_no_sample_of_seeds() -> None:
    moved, still = (simulate_weights(5, spread, 400) for spread in (0.03, 0))
    for rates in (moved, still):
        assert rates["pooled over seeds"].covered == pytest.approx(0.95, abs=0.033)
    # It says what modules differ by, whatever a model does from seed to seed.
    assert moved["modules of one model"].covered < 0.75
    assert still["modules of one model"].covered > 0.99


@pytest.mark.parametrize("border", BORDERS, ids=[border.name for border in BORDERS])
def test_pooled_extremes_are_rarely_decided_on_the_line(border: Border) -> None:
    rates = simulate_extremes(border, bases=8, repetitions=60)["pooled"]
    # Of 60 with a chance of 2.5 % five or more have a probability of 2 %.
    assert max(rates.above, rates.below) < 5 / 60


def test_the_extremes_of_each_base_are_biased() -> None:
    by_name = {border.name: border for border in BORDERS}
    least = simulate_extremes(by_name["least of 4, all on the line"], 8, 60)
    assert least["each base's own extreme"].below > 0.4
    name = "most of 3 × least of 2, one of each two on the line"
    assert simulate_extremes(by_name[name], 8, 60)["each base's own extreme"].above > 0.25
