"""§2.2, the contrast: SFT and distillation depend on the rank (Figure 3a, Appendix A)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P1.7")
def test_sft_and_distillation_need_many_ranks(verdict: Verdict) -> None:
    """Recovered gain of Rank-90 % minus twice that of Rank-10 % ≥ 0."""
    check(verdict)
