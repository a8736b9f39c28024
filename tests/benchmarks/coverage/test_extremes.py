"""Extremes on their bound are rarely decided if every number is tested, and often if not."""

import numpy as np
import pytest

from alpharl_bench.claims.extremes import extreme
from benchmarks.coverage.extremes import CASES, DESIGNS, Case, errors

SESSIONS = 400
#: Three standard errors of a share of 2.5 %; 4000 resamples blur the level.
LEVEL = 0.025 + 0.024 + 0.004


def case(name: str) -> Case:
    (found,) = [case for case in CASES if case.name.startswith(name)]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_truth_is_on_the_border(case: Case) -> None:
    true = [1.0, *(case.accuracies.get(v, case.otherwise) for v in case.variants)]
    values = case.values(np.array(true)[:, None, None])[..., 0, :]
    assert extreme(values, case.claim.extremes) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "formerly"),
    [("A5", "refuted"), ("A3", "refuted"), ("A4: all on that of speed", "supported")],
)
def test_every_number_tested_keeps_the_level_and_the_bootstrapped_extreme_does_not(
    name: str, formerly: str
) -> None:
    (setting, samples), _ = DESIGNS
    found = errors(case(name), setting, samples, SESSIONS, resamples=4000)
    assert found.supported <= LEVEL
    assert found.refuted <= LEVEL
    assert getattr(found, f"formerly_{formerly}") > 0.15


def test_the_counts_of_numbers() -> None:
    shapes = {"A5": (7,), "A3": (5,), "P1.4": (4,), "P1.5": (4, 2), "A4: all stages": (5, 2)}
    for name, shape in shapes.items():
        one = case(name)
        assert one.values(np.ones((1 + len(one.variants), 1, 1))).shape == (*shape, 1, 1)
