"""The logits of a decoding, against a computation by hand."""

import pytest
import torch

from alpharl_bench.decoding import FORCED, Decoding
from alpharl_bench.scoring.biased_logits import BiasedLogits, vector

#: Of two rows and four tokens.
LOGITS = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, -1.0, 0.5, 0.0]])
#: Two tokens are given, padding included.
GIVEN = 2


def changed(decoding, length, logits=LOGITS):
    """The logits of the token behind so many."""
    return BiasedLogits(decoding, GIVEN)(torch.zeros(len(logits), length, dtype=torch.long), logits)


def test_a_bias_is_added_wherever_a_token_stands():
    decoding = Decoding(bias={0: 0.5, 3: -4.0})
    for length in (GIVEN, GIVEN + 1, GIVEN + 9):
        expected = [[1.5, 2.0, 3.0, 0.0], [0.5, -1.0, 0.5, -4.0]]
        torch.testing.assert_close(changed(decoding, length), torch.tensor(expected))


def test_those_of_the_first_token_are_added_to_it_alone():
    decoding = Decoding(bias={0: 0.5}, first={0: 1.0, 2: -3.0})
    first = [[2.5, 2.0, 0.0, 4.0], [1.5, -1.0, -2.5, 0.0]]
    later = [[1.5, 2.0, 3.0, 4.0], [0.5, -1.0, 0.5, 0.0]]
    torch.testing.assert_close(changed(decoding, GIVEN), torch.tensor(first))
    torch.testing.assert_close(changed(decoding, GIVEN + 1), torch.tensor(later))


def test_one_object_serves_a_whole_generation_and_rows_that_leave():
    processor = BiasedLogits(Decoding(bias={1: 1.0}, first={0: 9.0}), GIVEN)
    first = processor(torch.zeros(2, GIVEN, dtype=torch.long), LOGITS)
    later = processor(torch.zeros(1, GIVEN + 1, dtype=torch.long), LOGITS[1:])
    assert first.tolist() == [[10.0, 3.0, 3.0, 4.0], [9.0, 0.0, 0.5, 0.0]]
    assert later.tolist() == [[0.0, 0.0, 0.5, 0.0]]


def test_the_logits_that_are_given_stay_as_they_are():
    before = LOGITS.clone()
    changed(Decoding(bias={0: 5.0}, first={1: 5.0}), GIVEN)
    torch.testing.assert_close(LOGITS, before)


def test_a_forced_token_is_certain_and_a_forbidden_one_impossible():
    probabilities = changed(Decoding(first={1: FORCED, 3: -FORCED}), GIVEN).softmax(dim=-1)
    assert probabilities[:, 1].tolist() == [1.0, 1.0]
    forbidden = changed(Decoding(first={1: -FORCED}), GIVEN).softmax(dim=-1)
    assert forbidden[:, 1].tolist() == [0.0, 0.0]
    assert forbidden.sum(dim=-1).tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_vector_is_of_the_kind_of_the_logits(dtype):
    found = vector({1: 0.5, 3: -2.0}, LOGITS.to(dtype))
    assert found.dtype is dtype
    assert found.tolist() == [0.0, 0.5, 0.0, -2.0]
