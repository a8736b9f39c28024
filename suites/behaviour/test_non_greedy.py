"""Appendix D: how the base reads the trained model's chains (Figure 12)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="B2")
def test_rl_changes_few_of_the_base_s_choices(verdict: Verdict) -> None:
    """No larger share of non-greedy positions than in the base's samples; other questions' have."""
    check(verdict)


@pytest.mark.claim(id="B2-imitation")
def test_sft_and_distillation_change_more(verdict: Verdict) -> None:
    """At least the share of non-greedy positions of the base's samples."""
    check(verdict)


@pytest.mark.claim(id="B3")
def test_rl_leaves_perplexity_largely_unchanged(verdict: Verdict) -> None:
    """The base is no more surprised than by its samples; other questions' chains surprise it."""
    check(verdict)


@pytest.mark.claim(id="B3-imitation")
def test_sft_and_distillation_raise_perplexity(verdict: Verdict) -> None:
    """The base is at least as surprised as by its samples."""
    check(verdict)


@pytest.mark.claim(id="B4")
def test_rank1_makes_chains_greedy(verdict: Verdict) -> None:
    """Non-greedy to Rank-1 ≤ 0.9 of what is to the base; random rank-1 does not do it."""
    check(verdict)
