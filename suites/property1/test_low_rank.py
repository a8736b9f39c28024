"""§2.3 and Appendix C: the update of RL is approximately of low rank."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P1.8")
def test_the_update_is_approximately_of_low_rank(verdict: Verdict) -> None:
    """Effective rank over that of Gaussian matrices of the same shapes ≤ 0.5."""
    check(verdict)
