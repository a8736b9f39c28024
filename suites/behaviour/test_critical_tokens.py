"""Appendix D: a few tokens at the beginning decide (Figures 13 and 14)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="B5")
def test_critical_tokens_stand_at_the_beginning(verdict: Verdict) -> None:
    """Non-greedy positions are twice as dense at the beginning as all over; in samples not."""
    check(verdict)


@pytest.mark.claim(id="B6")
def test_20_tokens_let_the_base_approach_the_trained_model(verdict: Verdict) -> None:
    """From 20 tokens of a Rank-1 chain the base has ≥ 0.8 of the gain; of a random one not."""
    check(verdict)


@pytest.mark.claim(id="B6-tenth")
def test_a_tenth_of_a_chain_lets_the_base_approach_the_trained_model(verdict: Verdict) -> None:
    """The same from the first tenth, where chains have fewer than 40 tokens."""
    check(verdict)
