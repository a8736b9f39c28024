"""§4.2: how much training a forecast saves, with what choosing it costs."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="A4")
def test_alpharl_is_as_fast_as_the_paper_says(verdict: Verdict) -> None:
    """Steps of the run to the accuracy of AlphaRL, over the cost of the forecast, at best ≥ 2.5."""
    check(verdict)


@pytest.mark.claim(id="A4-any")
def test_alpharl_is_worth_its_cost(verdict: Verdict) -> None:
    """The same of 40 % ≥ 1: training on is no faster."""
    check(verdict)
