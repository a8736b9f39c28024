"""Neyman's allocation by a pilot, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.coverage.allocation import allocated, gain, pairing


def test_samples_are_allocated_by_the_deviation_of_the_pilot() -> None:
    # 2 of 4 right: ½, and the deviation ½. 4 of 4: 4.5/5, √(0.9 · 0.1) = 0.3.
    assert allocated(np.array([2, 4]), 4, 8).tolist() == [10, 6]
    assert allocated(np.array([4, 0, 4]), 4, 8).tolist() == [8, 8, 8]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(4, 28))
def test_every_question_gets_a_sample_and_none_is_lost(right: list[int], mean: int) -> None:
    samples = allocated(np.array(right), 4, mean)
    assert samples.min() >= 1
    assert samples.sum() == mean * len(right)


def test_half_of_the_questions_by_chance_and_half_certain() -> None:
    # The mean variance is 1/8, the mean deviation 1/4: (1/8) / (1/4)² = 2.
    chances = np.tile([[0.5, 1.0]], (2, 200))
    found = gain(chances, 4, 32, repetitions=50)
    assert found.known == pytest.approx(2)
    assert 1.1 < found.piloted < 1.6
    # Within 150 questions of 32 samples: √(1/8 / 32 / 150).
    assert found.error == pytest.approx(0.0051031, abs=1e-6)


def test_questions_that_are_alike_gain_nothing() -> None:
    found = gain(np.full((2, 400), 0.5), 4, 16, repetitions=50)
    assert found.known == pytest.approx(1)
    assert 0.9 < found.piloted < 1


def test_questions_that_differ_for_sure_leave_no_room() -> None:
    # All variance is between questions but a little: what is gained of that little is nothing.
    chances = np.tile([[0.999, 0.001], [0.001, 0.999]], (1, 200))
    assert gain(chances, 4, 16, repetitions=50).whole == pytest.approx(1, abs=0.01)


def test_pooling_is_biased() -> None:
    # A question that seems certain gets fewer samples, which keep it so: away from ½.
    for chance, sign in ((0.8, 1), (0.2, -1)):
        found = gain(np.full((2, 1000), chance), 4, 16, repetitions=100)
        # The standard error of the mean over all of it.
        error = found.error * np.sqrt(150 / 1000 / 100)
        assert sign * found.bias > 5 * error


def test_answers_under_one_seed_are_paired() -> None:
    found = pairing()
    assert all(ratio > 1 for ratio in found.values())
    assert found["Rank-10 %"] > found["α = 0.5"]
