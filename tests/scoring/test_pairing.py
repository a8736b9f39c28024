"""Variants are sampled with the same noise, batch by batch, however long their responses are."""

import pytest
import torch
from lm_eval.api.instance import Instance
from transformers import LlamaConfig, LlamaForCausalLM

from alpharl_bench.scoring.hf import SharedPromptLM
from alpharl_bench.training.tokenizer import character_tokenizer

ROOM = 6
BATCH = 4


@pytest.fixture(scope="module")
def lm():
    tokenizer = character_tokenizer("plain")
    torch.manual_seed(0)
    size = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    config = LlamaConfig(vocab_size=len(tokenizer), **size, **heads, eos_token_id=None)
    model = LlamaForCausalLM(config).eval()
    made = SharedPromptLM(pretrained=model, tokenizer=tokenizer, batch_size=BATCH)
    made.ends = (tokenizer.eos_token_id,)
    return made


def responses(lm, room_of_the_first):
    """The responses of two batches, of which the first goes on for as many tokens."""
    lm.seeds = torch.Generator().manual_seed(3)
    found = []
    for text, room in (("12+34=", room_of_the_first), ("5+6=", ROOM)):
        options = {"until": ["<|endoftext|>"], "do_sample": True, "temperature": 1.0}
        asked = (text, {**options, "max_gen_toks": room})
        found += lm.generate_until(
            [Instance("generate_until", {}, asked, i) for i in range(BATCH)], disable_tqdm=True
        )
    return found


def test_tokens_are_counted_up_to_the_end_of_each_response(lm, monkeypatch):
    drawn = []
    genuine = SharedPromptLM.tok_decode

    def decode(lm, tokens, *rest, **options):
        # The end token is asked for beside, as a number.
        drawn.extend([tokens] if isinstance(tokens, list) else [])
        return genuine(lm, tokens, *rest, **options)

    monkeypatch.setattr(SharedPromptLM, "tok_decode", decode)
    # So many tokens are ends that most responses come to one.
    monkeypatch.setattr(lm, "ends", tuple(range(0, len(lm.tokenizer), 3)))
    before = lm.generated
    responses(lm, ROOM)
    pad = lm.tokenizer.pad_token_id
    assert lm.generated - before == sum(token != pad for tokens in drawn for token in tokens)
    assert 0 < lm.generated - before < 2 * BATCH * ROOM


def test_a_batch_draws_the_same_however_long_the_one_before_it_went_on(lm):
    long, short = responses(lm, ROOM), responses(lm, 2)
    assert long[BATCH:] == short[BATCH:]
    assert [text[: len(other)] for text, other in zip(long, short, strict=True)] == short
    # Rows and batches differ in their noise.
    assert len(set(long)) > BATCH
