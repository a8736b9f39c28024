"""The simulation of verdicts on policy recovery; few sessions, wide bounds."""

import numpy as np

from benchmarks.coverage.policy import CASES, session


def test_intervals_cover_and_the_line_is_seldom_supported() -> None:
    rng = np.random.default_rng(0)
    found = np.array([session(CASES[0], 180, rng) for _ in range(40)])
    covered, supported = found.sum(axis=0)
    assert covered >= 33
    assert supported <= 5


def test_a_recovery_below_the_line_is_not_supported() -> None:
    rng = np.random.default_rng(0)
    assert not any(session(CASES[2], 180, rng)[1] for _ in range(10))
