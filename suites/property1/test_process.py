"""§2.2, results across the RL process: Rank-1 dominance at every checkpoint (Figure 3b)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P1.3")
def test_rank1_is_late_at_least_as_good_as_early(verdict: Verdict) -> None:
    """Mean relative accuracy of Rank-1: later half of the checkpoints against the earlier half."""
    check(verdict)
