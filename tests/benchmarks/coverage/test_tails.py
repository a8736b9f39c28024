"""p-values far out are as rare as they say, and about those of far more resamples."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.coverage.tails import LEVELS, RESAMPLES, STATISTICS, agreement, counted, small

SESSIONS = 40_000


def test_small_p_values_are_as_rare_as_they_say() -> None:
    found = small(30, SESSIONS)
    assert set(found) == set(STATISTICS)
    for shares in found.values():
        for share, level in zip(shares, LEVELS, strict=True):
            # Ten of 2000 resamples know the scale of the tail to a tenth, which makes the rarest
            # p-values up to three times too frequent.
            room = 3 * np.sqrt(level / SESSIONS)
            assert share <= level * (1 if level > 0.001 else 1.5 if level > 0.0001 else 3) + room


def test_counting_has_a_least_p_value() -> None:
    # None of 20,000 beyond: Φ⁻¹(1/20001) = -3.8906, and T(-3.8906; 29) = 0.00027.
    assert counted(0, RESAMPLES, 29) == pytest.approx(2 * stats.t.cdf(-3.8906, 29), rel=1e-3)
    assert counted(0, RESAMPLES, 29) > 0.0005
    assert counted(0, 2000, 1e9) == pytest.approx(2 / 2001)


def test_the_tail_agrees_with_far_more_resamples() -> None:
    for found in agreement(30, many=1_000_000, sets=4).values():
        assert len(found.many) >= 8
        assert np.median(np.abs(np.log(found.tail / found.many))) < np.log(1.5)
        assert np.abs(np.log(found.tail / found.many)).max() < np.log(4)
        # Counting cannot follow.
        assert (found.counting >= counted(0, RESAMPLES, 29)).all()
