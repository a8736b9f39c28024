"""The control of policy recovery: a planted shift is recovered, another change is not."""

import pytest
import torch

from benchmarks.logit_shift import fit_shift, recovery

TOKENS, VOCABULARY = 400, 12


@pytest.fixture
def before():
    torch.manual_seed(0)
    return 2 * torch.randn(TOKENS, VOCABULARY, dtype=torch.float64)


@pytest.fixture
def places():
    """Chains of five tokens, one to a question."""
    number = torch.arange(TOKENS)
    return number // 5, number % 5 == 0


def test_a_planted_shift_is_found_and_recovers_all(before, places):
    question, first = places
    everywhere, at_first = torch.randn(2, VOCABULARY, dtype=torch.float64)
    after = (before + everywhere + first[:, None] * at_first).log_softmax(-1)
    assert recovery(before, after, question, first) > 0.999
    found = fit_shift(before, after, first)
    # A constant added to all logits changes no policy.
    for one, planted in zip(found, (everywhere, at_first), strict=True):
        assert one - one.mean() == pytest.approx(planted - planted.mean(), abs=0.02)


def test_a_change_that_depends_on_the_place_is_not_recovered(before, places):
    question, first = places
    after = (before + 2 * torch.randn_like(before)).log_softmax(-1)
    # Fitted to noise, it is a little further from the other half than the base is.
    assert -0.3 < recovery(before, after, question, first) < 0.1
