"""§4.2, Table 2: the answers of Rank-1 and AlphaRL are those of the trained model."""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="B7")
def test_rank1_answers_as_the_trained_model(verdict: Verdict) -> None:
    """Same beginning and same answer on ≥ half of the questions; the base has them on fewer."""
    check(verdict)


@pytest.mark.claim(id="B7-alpharl")
def test_alpharl_answers_as_the_trained_model(verdict: Verdict) -> None:
    """The same of AlphaRL from 40 % of the training."""
    check(verdict)
