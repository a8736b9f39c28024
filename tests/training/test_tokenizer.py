import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from alpharl_bench.registry import load_registry
from alpharl_bench.training.tokenizer import EOS, character_tokenizer, conversation
from tests.training.tiny import MODELS, tiny_base

PRINTABLE = "\n" + string.digits + string.ascii_letters + string.punctuation + " "


@given(st.text(PRINTABLE, max_size=60))
def test_one_token_per_character_and_back(text):
    # Hypothesis tries the strings of the code too: these are whole tokens.
    assume("<|" not in text)
    tokenizer = character_tokenizer()
    ids = tokenizer.encode(text)
    # The roles of a chat are whole tokens, as in real vocabularies.
    assert len(ids) == len(text) - 3 * text.count("user") - 8 * text.count("assistant")
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


# The last turn as the models' own templates write it; GLM-4's generation stops at the end of text.
CONVERSATIONS = {
    "plain": "1+2=#3<|endoftext|>",
    "chatml": "<|im_start|>user\n1+2=<|im_end|>\n<|im_start|>assistant\n#3<|im_end|>",
    "llama3": (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n1+2=<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n#3<|eot_id|>"
    ),
    "glm4": "[gMASK]<sop><|user|>\n1+2=<|assistant|>\n#3<|endoftext|>",
}


@pytest.mark.parametrize("format_", CONVERSATIONS)
def test_a_conversation_is_written_in_the_models_format(format_):
    tokenizer = character_tokenizer(format_)
    text = conversation(tokenizer, "1+2=", "#3")
    assert text == CONVERSATIONS[format_]
    assert text.endswith(tokenizer.eos_token)
    assert tokenizer.encode(text)[-1] == tokenizer.eos_token_id


@pytest.mark.parametrize("format_", ["chatml", "llama3", "glm4"])
def test_a_conversation_goes_on_where_the_prompt_ends(format_):
    tokenizer = character_tokenizer(format_)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "1+2="}], tokenize=False, add_generation_prompt=True
    )
    assert conversation(tokenizer, "1+2=", "#3") == f"{prompt}#3{tokenizer.eos_token}"


def test_all_formats_share_one_vocabulary():
    vocabularies = [character_tokenizer(format_).get_vocab() for format_ in CONVERSATIONS]
    assert all(vocabulary == vocabularies[0] for vocabulary in vocabularies)


@pytest.mark.parametrize("format_", ["chatml", "llama3", "glm4"])
def test_a_format_survives_a_folder(tmp_path, format_):
    character_tokenizer(format_).save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert conversation(loaded, "1+2=", "#3") == CONVERSATIONS[format_]
    assert loaded.eos_token_id == character_tokenizer(format_).eos_token_id


@pytest.mark.parametrize("name", MODELS)
def test_a_models_folder_gives_back_the_same_tokenizer(name, tmp_path):
    # What transformers makes of a folder depends on the model in it, not on the tokenizer's class.
    loaded = AutoTokenizer.from_pretrained(tiny_base(tmp_path, name))
    own = character_tokenizer(load_registry().model(name).format)
    everything = PRINTABLE + "".join(own.all_special_tokens) + "[gMASK]<sop><|im_end|>user"
    assert loaded.encode(everything) == own.encode(everything)
    assert loaded.decode(loaded.encode(everything)) == everything
    assert loaded.get_vocab() == own.get_vocab()
    assert (loaded.eos_token_id, loaded.pad_token_id) == (own.eos_token_id, own.pad_token_id)
    assert loaded.chat_template == own.chat_template
    assert loaded.padding_side == "left"
