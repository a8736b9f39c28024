"""Policy recovery as a table: by hand, and on a run."""

import numpy as np
import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.tables import Query
from alpharl_bench.tables.policy import POLICY, WRITTEN, PolicyRow
from alpharl_bench.variants import BASE, FULL, rank

HALF = rank(1)
ASKED = Query(measurements=(lambda _: [HALF, FULL, rank(2)],), steps=(2, 4))
MEASURED = tuple(
    PolicyRow("a-task", str(n), {"base": base, "full": 0.0, "rank-1": kept})
    for n, (base, kept) in enumerate([(2.0, 1.0), (6.0, 3.0), (4.0, 2.0), (8.0, 4.0)])
)


def test_recovery_is_a_ratio_of_means():
    found = POLICY.observed(MEASURED, ASKED)
    assert found[BASE] == 0
    assert found[FULL] == 1
    assert found[HALF] == pytest.approx(0.5)
    resampled = POLICY.resampled(MEASURED, ASKED)
    # The half of every question is the half of any resample of them.
    np.testing.assert_allclose(resampled[HALF], 0.5)


def test_tasks_count_alike():
    rows = (*MEASURED, PolicyRow("another", "0", {"base": 1.0, "full": 0.0, "rank-1": 2.0}))
    found = POLICY.observed(rows, ASKED)
    assert found[HALF] == pytest.approx(1 - (2.5 + 2) / (5 + 1))
    assert POLICY.strata(rows) == ["a-task"] * 4 + ["another"]


def test_what_nobody_read_is_said():
    found = POLICY.observed(MEASURED, ASKED)
    assert found.keys() == {BASE, FULL, HALF}
    with pytest.raises(AlphaRLBenchError, match="no stored reading by 'rank-2'"):
        found[rank(2)]
    with pytest.raises(AlphaRLBenchError, match="no stored reading"):
        POLICY.observed((), ASKED)[BASE]


def test_it_requires_weights_and_responses_and_no_scores():
    steps = (2, 4, 6)
    query = Query(measurements=(lambda _: [rank(1), rank(2, step=4)],))
    found = POLICY.requires(query, steps)
    assert not found.scores
    assert found.generated == {WRITTEN}
    assert found.opened == {None, 4, 6}
    assert found.decomposed == {rank(1), rank(2, step=4)}


def test_games_are_no_responses():
    assert "has none" in POLICY.unsupported_reason("games")
    assert POLICY.unsupported_reason("arithmetic") == ""
