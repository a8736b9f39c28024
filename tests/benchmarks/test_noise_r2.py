"""The simulation of what noise explains, in a short version, against what can be worked out."""

import numpy as np
import pytest

from benchmarks.noise_r2 import CHECKPOINTS, WIDTHS, accuracies, expected, fits, forecasts


@pytest.mark.parametrize("checkpoints", CHECKPOINTS)
@pytest.mark.parametrize("width", WIDTHS[1:])
def test_noise_explains_what_the_formula_says(checkpoints: int, width: int) -> None:
    found = fits("noise", checkpoints, width, repetitions=5)
    assert found.in_sample == pytest.approx(expected(checkpoints, width), abs=0.06)


def test_wide_noise_explains_everything_and_predicts_nothing() -> None:
    found = fits("noise", 27, 4096, repetitions=10)
    assert found.in_sample > 0.99
    # The mean of the others misses by T/(T − 1): 1 − (27/26)² = −0.08.
    assert found.left_out == pytest.approx(-0.08, abs=0.08)


def test_a_walk_is_predicted_where_one_is_left_out_but_not_ahead() -> None:
    found = fits("random walk", 27, 1024, repetitions=5)
    assert found.in_sample > 0.9
    assert found.left_out > 0.85
    ahead = forecasts(27, 1024, repetitions=2)
    for one in ahead:
        errors = {name: np.median(error.relative) for name, error in one.methods.items()}
        assert errors["last checkpoint"] < errors["projection at the step"]
        assert errors["last checkpoint"] < errors["PLS at the step"]


def test_the_learning_curve_rises_and_saturates() -> None:
    steps = np.diff(accuracies(27))
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()
