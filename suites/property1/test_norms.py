"""§2.3, analysis: how much of the update's norm lies in its first subspace (Figure 5a)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P1.6")
def test_the_norm_is_concentrated_in_the_first_subspace(verdict: Verdict) -> None:
    """Rank-1 fraction of the norm over that of Gaussian matrices of the same shapes ≥ 1."""
    check(verdict)
