"""§4.2, main results: the fully trained model from the first part of its training (Table 1).

Each claim twice: as the text has it, and with the update added to the last checkpoint, as the
authors' code does.
"""

import pytest

from alpharl_bench.claims import Verdict
from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="2510.00553")


@pytest.mark.claim(id="A1")
def test_alpharl_of_40_percent_retains_the_reasoning(verdict: Verdict) -> None:
    """Relative accuracy of AlphaRL of 40 % ≥ 0.96, and not of the checkpoint alone (abstract)."""
    check(verdict)


@pytest.mark.claim(id="A1-code")
def test_the_authors_code_retains_the_reasoning(verdict: Verdict) -> None:
    """The same by the authors' code."""
    check(verdict)


@pytest.mark.claim(id="A2")
def test_alpharl_of_10_percent_is_as_good_as_training_to_40(verdict: Verdict) -> None:
    """Accuracy of AlphaRL of 10 % minus that of the checkpoint at 40 % ≥ −0.05."""
    check(verdict)


@pytest.mark.claim(id="A2-code")
def test_the_authors_code_of_10_percent_is_as_good(verdict: Verdict) -> None:
    """The same by the authors' code."""
    check(verdict)


@pytest.mark.claim(id="A3")
def test_alpharl_improves_on_its_checkpoint_at_every_stage(verdict: Verdict) -> None:
    """Accuracy of AlphaRL minus that of its last checkpoint, least over stages ≥ 0."""
    check(verdict)


@pytest.mark.claim(id="A3-code")
def test_the_authors_code_improves_on_its_checkpoint(verdict: Verdict) -> None:
    """The same by the authors' code."""
    check(verdict)
