"""§2 of the policy: what of it one subspace recovers."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P1.1-policy")
def test_rank1_recovers_the_policy(verdict: Verdict) -> None:
    """Policy recovery of Rank-1 ≥ 0.99."""
    check(verdict)


@pytest.mark.claim(id="P1.1-control-policy")
def test_random_rank1_of_the_same_norm_does_not(verdict: Verdict) -> None:
    """Control: policy recovery of a random direction ≤ 0.99."""
    check(verdict)


@pytest.mark.claim(id="P1.2-percent-policy")
def test_recovery_does_not_fall_from_rank_1_to_90_percent(verdict: Verdict) -> None:
    """The fitted line from Rank-1 % to Rank-90 % does not go down."""
    check(verdict)


@pytest.mark.claim(id="P1.2-rank-policy")
def test_recovery_does_not_fall_as_the_rank_grows(verdict: Verdict) -> None:
    """The fitted line from Rank-1 to Rank-8 does not go down."""
    check(verdict)


@pytest.mark.claim(id="P1.3-policy")
def test_rank1_is_late_at_least_as_good_as_early(verdict: Verdict) -> None:
    """Rank-1 over its checkpoint: later half against the earlier half."""
    check(verdict)


@pytest.mark.claim(id="P1.4-best-policy")
def test_subspace_1_is_the_best(verdict: Verdict) -> None:
    """Policy recovery of subspace 1 minus that of the best other one ≥ 0."""
    check(verdict)


@pytest.mark.claim(id="P1.4-order-policy")
def test_recovery_falls_with_the_singular_value(verdict: Verdict) -> None:
    """Slope of policy recovery over the doublings of the index ≤ 0."""
    check(verdict)


@pytest.mark.claim(id="P1.5-saturation-policy")
def test_recovery_saturates_with_the_scale(verdict: Verdict) -> None:
    """What α gains from 0.5 to 1 minus what it gains from 1 to 1.5 ≥ 0."""
    check(verdict)


@pytest.mark.claim(id="P1.5-peak-policy")
def test_the_best_scale_is_at_or_just_below_one(verdict: Verdict) -> None:
    """The α of the highest policy recovery is 0.75 or 1."""
    check(verdict)
