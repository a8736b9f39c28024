"""§2.2, ablation study: single subspaces one by one (Figure 4a)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P1.4-best")
def test_subspace_1_is_the_best(verdict: Verdict) -> None:
    """Relative accuracy of subspace 1 minus that of the best other one ≥ 0."""
    check(verdict)


@pytest.mark.claim(id="P1.4-order")
def test_accuracy_falls_with_the_singular_value(verdict: Verdict) -> None:
    """Slope of relative accuracy over the doublings of the index ≤ 0."""
    check(verdict)
