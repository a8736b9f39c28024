"""§4 of the policy: what of it a forecast recovers."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="A1-policy")
def test_the_forecast_of_40_percent_recovers_the_policy(verdict: Verdict) -> None:
    """Policy recovery of AlphaRL of 40 % ≥ 0.96."""
    check(verdict)


@pytest.mark.claim(id="A1-code-policy")
def test_the_forecast_by_the_code_recovers_the_policy(verdict: Verdict) -> None:
    """The same by the authors' code."""
    check(verdict)


@pytest.mark.claim(id="A3-policy")
def test_the_forecast_improves_on_its_checkpoint(verdict: Verdict) -> None:
    """Policy recovery of AlphaRL minus its checkpoint's ≥ 0 at every stage."""
    check(verdict)


@pytest.mark.claim(id="A3-code-policy")
def test_the_forecast_by_the_code_improves_on_its_checkpoint(verdict: Verdict) -> None:
    """The same by the authors' code."""
    check(verdict)


@pytest.mark.claim(id="A5-policy")
def test_no_other_forecast_recovers_more(verdict: Verdict) -> None:
    """Policy recovery of the best other forecast minus AlphaRL's ≤ 0."""
    check(verdict)


@pytest.mark.claim(id="A5-code-policy")
def test_no_other_forecast_recovers_more_than_by_the_code(verdict: Verdict) -> None:
    """The same by the authors' code."""
    check(verdict)
