"""§2.2, scaling experiment: the strength of the Rank-1 update (Figure 4b)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P1.5-saturation")
def test_accuracy_saturates_with_the_scale(verdict: Verdict) -> None:
    """What α gains from 0.5 to 1 minus what it gains from 1 to 1.5 ≥ 0."""
    check(verdict)


@pytest.mark.claim(id="P1.5-peak")
def test_the_best_scale_is_at_or_just_below_one(verdict: Verdict) -> None:
    """The α of the highest accuracy is 0.75 or 1."""
    check(verdict)
