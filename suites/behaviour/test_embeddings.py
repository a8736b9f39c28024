"""§2.3: training moves the token embeddings little in RL, and far in imitation (Figure 5b)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="B1")
def test_rl_leaves_the_embeddings_where_they_are(verdict: Verdict) -> None:
    """Mean displacement ≤ 0.5 of the distance to the nearest neighbour, and not by size alone."""
    check(verdict)


@pytest.mark.claim(id="B1-imitation")
def test_sft_and_distillation_move_the_embeddings(verdict: Verdict) -> None:
    """Mean displacement ≥ 0.5 of the distance to the nearest neighbour."""
    check(verdict)
