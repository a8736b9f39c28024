"""§3.1: the Rank-1 Subspace moves linearly with training (Figure 6b)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P2.1")
def test_accuracy_is_linear_in_the_rank1_direction(verdict: Verdict) -> None:
    """Mean R² over modules ≥ 0.9, and not of noise (§1: 0.914)."""
    check(verdict)


@pytest.mark.claim(id="P2.1-best")
def test_some_modules_are_linear_almost_perfectly(verdict: Verdict) -> None:
    """Some modules with R² > 0.96, and none where there is nothing to find (Figure 6b)."""
    check(verdict)


@pytest.mark.claim(id="P2.5")
def test_sft_and_distillation_are_not_linear(verdict: Verdict) -> None:
    """Control of §1: mean R² ≤ 0.9, and not where a straight path has no more."""
    check(verdict)
