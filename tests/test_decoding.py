import pytest
from pydantic import ValidationError

from alpharl_bench.decoding import AS_ASKED, DECODING, FORCED, Decoding


@pytest.mark.parametrize(
    ("decoding", "text"),
    [
        (AS_ASKED, "as asked"),
        (Decoding(0), "greedy"),
        (Decoding(0.5), "temperature 0.5"),
        (Decoding(bias={7: 2.0}), "token 7 +2"),
        (Decoding(bias={7: -0.25}), "token 7 -0.25"),
        (Decoding(first={7: FORCED}), "token 7 forced at first"),
        (Decoding(first={7: -FORCED}), "token 7 forbidden at first"),
        (
            Decoding(0, {1: 1.0, 2: 2.0}, {1: 1.0, 2: 0.5, 3: 1.0}),
            "greedy, biases of 2 tokens, biases of 3 tokens at first",
        ),
    ],
)
def test_a_decoding_is_told_in_words(decoding, text):
    assert str(decoding) == text


def test_a_temperature_alone_changes_no_logits():
    assert not AS_ASKED.biased
    assert not Decoding(0).biased
    assert Decoding(bias={1: 1.0}).biased
    assert Decoding(first={1: 1.0}).biased


def test_it_is_stored_and_read_back():
    decoding = Decoding(0.5, {7: 2.0}, {8: FORCED})
    assert DECODING.validate_json(DECODING.dump_json(decoding)) == decoding


def test_a_temperature_below_0_is_refused():
    with pytest.raises(ValidationError, match="temperature"):
        Decoding(temperature=-1)
