"""Intervals cover as often as they say, in a short version of the simulation."""

import pytest

from benchmarks.coverage.intervals import covered
from benchmarks.coverage.settings import SETTINGS


@pytest.mark.parametrize("name", ["30 questions", "30 questions, bimodal"])
def test_thirty_questions_are_covered(name: str) -> None:
    (setting,) = [s for s in SETTINGS if s.name == name]
    # Three standard errors of 1000 sessions are 2.1 %; 5000 resamples blur the level by 0.6 %.
    for share in covered(setting, 1000, resamples=5000).values():
        assert share == pytest.approx(0.95, abs=0.021 + 0.006)
