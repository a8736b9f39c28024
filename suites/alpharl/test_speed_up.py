"""§4.2: how much training a forecast saves, with what choosing it costs."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="A4")
def test_alpharl_is_as_fast_and_as_good_as_the_paper_says(verdict: Verdict) -> None:
    """At one stage ≥ 0.96 of the accuracy, and ahead of the run after 2.5 times the cost."""
    check(verdict)


@pytest.mark.claim(id="A4-code")
def test_the_authors_code_is_as_fast_and_as_good(verdict: Verdict) -> None:
    """The same by the authors' code."""
    check(verdict)


@pytest.mark.claim(id="A4-any")
def test_alpharl_is_worth_its_cost(verdict: Verdict) -> None:
    """AlphaRL of 40 % is no worse than the run itself after as many steps as it costs."""
    check(verdict)


@pytest.mark.claim(id="A4-any-code")
def test_the_authors_code_is_worth_its_cost(verdict: Verdict) -> None:
    """The same by the authors' code."""
    check(verdict)
