"""Adapter folders in vLLM itself; `tox -e vllm` has what it takes."""

from contextlib import contextmanager
from importlib.util import find_spec

import pytest
import torch
from transformers import AutoModelForCausalLM

from alpharl_bench.checkpoints import open_run
from alpharl_bench.variants import rank
from alpharl_bench.variants.extract import extract
from alpharl_bench.variants.materialise import UpdateSource
from tests.models import trained_pair

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM: `tox -e vllm`"),
    pytest.mark.usefixtures("engine_server"),
]

TOKENS = list(range(3, 20))


@contextmanager
def user_llm(base, monkeypatch):
    """vLLM with adapters, as a user starts it."""
    from vllm import LLM  # noqa: PLC0415  (not everywhere)

    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    llm = LLM(
        str(base),
        dtype="float32",
        max_model_len=64,
        enable_lora=True,
        max_lora_rank=8,
        max_loras=1,
        enforce_eager=True,
        skip_tokenizer_init=True,
    )
    try:
        yield llm
    finally:
        llm.llm_engine.engine_core.shutdown()


def logprobs(llm, adapter):
    """The next token's log-probabilities of the five likeliest tokens."""
    from vllm import SamplingParams  # noqa: PLC0415
    from vllm.lora.request import LoRARequest  # noqa: PLC0415

    (output,) = llm.generate(
        [{"prompt_token_ids": TOKENS}],
        SamplingParams(max_tokens=1, temperature=0, logprobs=5),
        lora_request=adapter and LoRARequest("a", 1, str(adapter)),
        use_tqdm=False,
    )
    return {token: value.logprob for token, value in output.outputs[0].logprobs[0].items()}


def expected(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([TOKENS])).logits[0, -1], dim=-1)


@pytest.mark.parametrize("architecture", ["qwen2", "glm4"])  # biases; a fused matrix
def test_an_adapter_in_vllm_answers_as_the_merged_folder(tmp_path, monkeypatch, architecture):
    # Its attention on the CPU knows heads of 32 and more.
    heads = {"hidden_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}
    base, checkpoint = trained_pair(tmp_path, architecture, scale=0.05, config=heads)
    source = UpdateSource(open_run(checkpoint, base))
    adapter, merged = tmp_path / "adapter", tmp_path / "merged"
    extract(source, rank(2), adapter, form="vllm")
    extract(source, rank(2), merged, form="merged")
    with user_llm(base, monkeypatch) as llm:
        answers = [logprobs(llm, request) for request in (None, adapter)]
    truths = [expected(folder) for folder in (base, merged)]
    assert (truths[0] - truths[1]).abs().max() > 0.05
    for answer, truth in zip(answers, truths, strict=True):
        assert len(answer) == 5
        for token, value in answer.items():
            assert value == pytest.approx(float(truth[token]), abs=1e-5)
