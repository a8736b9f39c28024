"""§3.2: which modules are linear (Figure 15), and whether these are the ones that count."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="P2.2-block")
def test_mlp_is_more_linear_than_attention(verdict: Verdict) -> None:
    """Mean R² of MLP modules above that of attention, and not by their shapes alone."""
    check(verdict)


@pytest.mark.claim(id="P2.2-depth")
def test_higher_layers_are_more_linear(verdict: Verdict) -> None:
    """R² rises from the first layer to the last, and not of its nulls."""
    check(verdict)


@pytest.mark.claim(id="P2.3")
def test_accuracy_falls_with_the_r_squared_of_the_modules(verdict: Verdict) -> None:
    """Slope of accuracy over windows of modules by falling R² ≤ 0, shuffled orders less steep."""
    check(verdict)
