"""Samples to a decision: what can be worked out, and that the error is kept."""

import pytest
from scipy import stats

from alpharl_bench.scoring.sequential import planned_samples
from benchmarks.coverage.samples import BETWEEN, needed
from benchmarks.coverage.ways import WAYS

PATHS = 50_000
FOUR = planned_samples(4, 4)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_one_look_has_the_power_of_a_z_test(way: object) -> None:
    samples, power = needed((16,), way, between=0.5, distance=2, repetitions=PATHS)
    assert samples == 16
    # 1 − Φ(1.96 − 2); three standard errors of 50,000 paths are 0.7 %.
    assert power == pytest.approx(stats.norm.sf(1.959964 - 2), abs=0.007)


@pytest.mark.parametrize("between", BETWEEN)
def test_all_ways_keep_the_error_and_spending_uses_it(between: float) -> None:
    # Three standard errors of a share of 5 % are 0.3 %.
    errors = {name: needed(FOUR, way, between, 0, PATHS)[1] for name, way in WAYS.items()}
    for name in ("Pocock's type", "O'Brien-Fleming's"):
        assert errors[name] == pytest.approx(0.05, abs=0.003)
    assert errors["Bonferroni"] < 0.04


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("distance", [1, 2, 3, 4])
def test_pocock_takes_fewer_samples_and_has_more_power(between: float, distance: float) -> None:
    samples, power = needed(FOUR, WAYS["Pocock's type"], between, distance, PATHS)
    corrected, less = needed(FOUR, WAYS["Bonferroni"], between, distance, PATHS)
    assert samples < corrected
    assert power > less


def test_what_is_clear_takes_the_first_look() -> None:
    for way in WAYS.values():
        assert needed(FOUR, way, 0.5, 20, 1000) == (4, 1)


def test_two_looks_by_hand() -> None:
    # All within: the looks have half of the information and all of it. At the first, Bonferroni
    # decides at |z| ≥ 2.2414, and z is Normal(3 √½, 1): 1 − Φ(0.1201) + Φ(−4.36).
    samples, _ = needed((4, 8), WAYS["Bonferroni"], 0, 3, 200_000)
    early = stats.norm.sf(2.241403 - 3 / 2**0.5) + stats.norm.cdf(-2.241403 - 3 / 2**0.5)
    assert samples == pytest.approx(4 * early + 8 * (1 - early), abs=0.02)
