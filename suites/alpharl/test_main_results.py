"""§4.2, main results: the fully trained model from the first part of its training (Table 1)."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="A1")
def test_alpharl_of_40_percent_retains_the_reasoning(verdict: Verdict) -> None:
    """Relative accuracy of AlphaRL of 40 % ≥ 0.96, and not of the checkpoint alone (abstract)."""
    check(verdict)


@pytest.mark.claim(id="A2")
def test_alpharl_of_10_percent_is_as_good_as_training_to_40(verdict: Verdict) -> None:
    """Accuracy of AlphaRL of 10 % minus that of the checkpoint at 40 % ≥ −0.01."""
    check(verdict)


@pytest.mark.claim(id="A3")
def test_alpharl_is_never_worse_than_its_checkpoint(verdict: Verdict) -> None:
    """Accuracy of AlphaRL minus that of its last checkpoint, least over stages ≥ −0.01."""
    check(verdict)
