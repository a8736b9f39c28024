"""§1 and §3: the later state of the Rank-1 Subspace follows from the early one."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P2.4")
def test_the_later_state_is_predicted_from_the_early_one(verdict: Verdict) -> None:
    """Relative error of σ₁u₁ at the end, from 40 % of the training, ≤ 0.05."""
    check(verdict)


@pytest.mark.claim(id="P2.4-accuracy")
def test_the_later_accuracy_is_predicted_from_the_early_state(verdict: Verdict) -> None:
    """Error of the accuracy at the end, from 40 % of the training, ≤ 0.05; told the step alone."""
    check(verdict)
