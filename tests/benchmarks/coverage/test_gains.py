"""The simulation of how often a run is told from its baselines; few sessions, wide bounds."""

import numpy as np
import pytest

from benchmarks.coverage.gains import CASES, told

BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("all as good", 0, 1),
        ("one as good, the others at half", 0, 4),
        ("the base as good, a third unread", 0, 4),
        ("best 0.15 below", 18, 20),
    ],
)
def test_a_run_is_told_where_it_is_better(name: str, least: int, most: int) -> None:
    rng = np.random.default_rng(0)
    assert least <= sum(told(BY_NAME[name], 360, 2, rng) for _ in range(20)) <= most
