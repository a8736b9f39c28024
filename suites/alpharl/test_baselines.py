"""Beyond §4: AlphaRL beside RELEX, RLVR-Linearity, NExt, ExPO and naive forecasts."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="A5")
def test_no_other_forecast_is_better(verdict: Verdict) -> None:
    """Accuracy of the best baseline of 40 % minus that of AlphaRL ≤ 0, and of doing nothing not."""
    check(verdict)


@pytest.mark.claim(id="A5-code")
def test_no_other_forecast_is_better_than_the_authors_code(verdict: Verdict) -> None:
    """The same of AlphaRL as the authors' code has it."""
    check(verdict)


@pytest.mark.claim(id="A5-logits")
def test_extrapolated_logits_are_no_better(verdict: Verdict) -> None:
    """The same of RLVR-Linearity's logits, which no weights can hold."""
    check(verdict)


@pytest.mark.claim(id="A5-logits-code")
def test_extrapolated_logits_are_no_better_than_the_authors_code(verdict: Verdict) -> None:
    """The same beside AlphaRL as the authors' code has it."""
    check(verdict)
