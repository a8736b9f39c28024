"""Prompts that are read once: the same responses as when every row is read."""

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer, MistralConfig, MistralForCausalLM

from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring.hf import SharedPromptLM
from alpharl_bench.shared_prompts import can_share

BASE = base_folder(load_registry().model("qwen3-carry"))


@pytest.fixture(scope="module")
def model():
    return AutoModelForCausalLM.from_pretrained(BASE).eval()


def drawn(kind, model, texts):
    lm = kind(pretrained=model, tokenizer=AutoTokenizer.from_pretrained(BASE), batch_size=8)
    ids, mask = lm.tok_batch_encode(texts)
    torch.manual_seed(0)
    return lm._model_generate(
        ids,
        max_length=ids.shape[1] + 12,
        stop=["<|endoftext|>"],
        attention_mask=mask,
        do_sample=True,
        temperature=1.0,
    )


def test_the_engine_draws_what_lm_evals_own_model_draws(model):
    read = []
    hook = model.register_forward_pre_hook(
        lambda _, args, inputs: read.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    texts = ["12+34="] * 4 + ["5+6-7+1="] * 3 + ["9*8="]
    own = drawn(HFLM, model, texts)
    apart = list(read)
    read.clear()
    # No response ends here: from the first end on there would be a row less to draw for.
    assert not (own[:, -12:] == AutoTokenizer.from_pretrained(BASE).eos_token_id).any()
    assert torch.equal(drawn(SharedPromptLM, model, texts), own)
    hook.remove()
    # Three prompts in place of eight; generation itself reads the last token of each row.
    assert apart[0][0] == 8
    assert (read[0][0], read[1]) == (3, (8, 1))


def test_where_something_listens_every_row_is_read(model):
    assert can_share(model)
    hook = model.register_forward_hook(lambda *_: None)
    assert not can_share(model)
    hook.remove()
    assert can_share(model)


def test_a_cache_that_forgets_is_not_shared():
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "vocab_size": 8}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    forgetful, whole = (
        MistralForCausalLM(MistralConfig(**size, **heads, sliding_window=window))
        for window in (4, None)
    )
    assert not can_share(forgetful)
    assert can_share(whole)
