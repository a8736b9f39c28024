"""§2.2, results on fully trained models: one subspace carries nearly all of the reasoning gain."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P1.1")
def test_rank1_recovers_the_fully_trained_model(verdict: Verdict) -> None:
    """Relative accuracy of Rank-1 ≥ 0.99 (abstract, Figure 3a)."""
    check(verdict)


@pytest.mark.claim(id="P1.1-control")
def test_random_rank1_of_the_same_norm_does_not(verdict: Verdict) -> None:
    """Control: relative accuracy of a random direction ≤ 0.99."""
    check(verdict)


@pytest.mark.claim(id="P1.2-percent")
def test_accuracy_does_not_fall_from_rank_1_to_90_percent(verdict: Verdict) -> None:
    """Figure 1: the fitted line from Rank-1 % to Rank-90 % does not go down."""
    check(verdict)


@pytest.mark.claim(id="P1.2-rank")
def test_accuracy_does_not_fall_as_the_rank_grows(verdict: Verdict) -> None:
    """Figure 3a: the fitted line from Rank-1 to Rank-8 does not go down."""
    check(verdict)
