"""The claims on policies: planted cases that hold, that fail, and that say nothing."""

import pytest

from alpharl_bench.claims import Outcome, judge
from alpharl_bench.claims.claim import Origin
from alpharl_bench.claims.required import requirements_of
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.alpharl import LATE, TEXT, last_observed
from alpharl_bench.papers.arxiv_2510_00553.claims.policy import POLICY
from alpharl_bench.variants import MODULES, random_control, rank, subspace
from tests.behaviours import policy_of
from tests.evidence import planted

STEPS = tuple(range(2, 42, 2))
#: A direction at random recovers nothing, all of the update of attention and MLP everything.
OTHERS = {random_control(draw).label: 2.0 for draw in range(3)} | {MODULES.label: 0.0}


def judged(claim, spread=0.0, **apart):
    """The verdict where readers are so far from the trained model; the base is 2 nats apart."""
    rows = policy_of({"addition": 40}, STEPS, {**OTHERS, **apart})
    moved = [
        type(row)(
            row.task,
            row.question,
            {name: nats * (1 + spread * (-1) ** n) for name, nats in row.columns.items()},
        )
        for n, row in enumerate(rows)
    ]
    return judge(CLAIMS[f"{claim}-policy"], planted("a-run", STEPS, policy=moved))


@pytest.mark.parametrize(
    ("left", "outcome"),
    # A line of ours refutes nothing.
    [(0.0, Outcome.SUPPORTED), (0.01, Outcome.SUPPORTED), (0.5, Outcome.MEASURED)],
)
def test_rank_1_recovers_the_policy(left, outcome):
    verdict = judged("P1.1", spread=0.2, **{rank(1).label: left})
    assert verdict.outcome is outcome
    assert verdict.value.estimate == pytest.approx(1 - left / 2)


def test_what_a_random_direction_recovers_too_says_nothing():
    verdict = judged("P1.1", **{rank(1).label: 0.0, **dict.fromkeys(OTHERS, 0.0)})
    assert verdict.outcome is Outcome.NOT_INFORMATIVE
    assert judged("P1.1-control").outcome is Outcome.SUPPORTED


def test_subspaces_fall():
    falling = {subspace(i).label: 0.2 * i for i in (2, 3, 5, 9)} | {rank(1).label: 0.2}
    falling[subspace(1).label] = 0.2
    assert judged("P1.4-order", **falling).outcome is Outcome.SUPPORTED
    assert judged("P1.4-best", **falling).outcome is Outcome.SUPPORTED


def test_a_forecast_recovers_the_policy_or_not():
    checkpoint = last_observed(STEPS, LATE).label
    verdict = judged("A1", **{TEXT(LATE).label: 0.02, checkpoint: 0.4})
    assert verdict.outcome is Outcome.SUPPORTED
    verdict = judged("A1", **{TEXT(LATE).label: 1.0, checkpoint: 0.4})
    assert verdict.outcome is Outcome.MEASURED
    assert verdict.value.estimate == pytest.approx(0.5)


@pytest.mark.parametrize("claim", POLICY, ids=lambda claim: claim.id)
def test_each_is_the_claim_on_accuracy_with_a_line_of_ours(claim):
    of = CLAIMS[claim.id.removesuffix("-policy")]
    assert claim.statistic is of.statistic
    assert (claim.threshold.low, claim.threshold.high) == (of.threshold.low, of.threshold.high)
    assert claim.threshold.origin is Origin.OURS
    assert "accuracy" not in claim.statistic_label
    (readers,) = claim.measurements
    assert set(of.variants(STEPS)) <= set(readers(STEPS))
    assert not claim.variants(STEPS)
    assert not requirements_of(claim, STEPS).scores or claim.id.startswith("A")
