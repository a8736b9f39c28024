import string

from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from alpharl_bench.training.tokenizer import EOS, character_tokenizer

PRINTABLE = "\n" + string.digits + string.ascii_letters + string.punctuation + " "


@given(st.text(PRINTABLE, max_size=60))
def test_one_token_per_character_and_back(text):
    tokenizer = character_tokenizer()
    ids = tokenizer.encode(text)
    assert len(ids) == len(text)
    assert tokenizer.decode(ids) == text


def test_end_of_text_is_one_token():
    tokenizer = character_tokenizer()
    assert tokenizer.encode("1" + EOS)[-1] == tokenizer.eos_token_id == 1
    assert tokenizer.pad_token_id == 0


def test_it_survives_a_folder(tmp_path):
    character_tokenizer().save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.encode("37+58=") == character_tokenizer().encode("37+58=")
    assert loaded.padding_side == "left"
