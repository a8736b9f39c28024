"""Adapter folders in vLLM itself; `tox -e vllm` has what it takes."""

import json
import os
import subprocess
import sys
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
]

TOKENS = list(range(3, 20))
# vLLM starts processes of its own: it needs a main module, and leaves no trace in this one.
SCRIPT = """
import json, sys
from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

if __name__ == "__main__":
    base, adapter, tokens = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    llm = LLM(base, dtype="float32", max_model_len=64, enable_lora=True, max_lora_rank=8,
              max_loras=1, enforce_eager=True, skip_tokenizer_init=True)
    sampling = SamplingParams(max_tokens=1, temperature=0, logprobs=5)
    answers = []
    for request in (None, LoRARequest("a", 1, adapter)):
        (output,) = llm.generate(
            [{"prompt_token_ids": tokens}], sampling, lora_request=request, use_tqdm=False
        )
        found = output.outputs[0].logprobs[0]
        answers.append({token: value.logprob for token, value in found.items()})
    print("ANSWERS" + json.dumps(answers))
"""


def expected(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([TOKENS])).logits[0, -1], dim=-1)


@pytest.mark.parametrize("architecture", ["qwen2", "glm4"])  # biases; a fused matrix
def test_an_adapter_in_vllm_answers_as_the_merged_folder(tmp_path, architecture):
    # Its attention on the CPU knows heads of 32 and more.
    heads = {"hidden_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}
    base, checkpoint = trained_pair(tmp_path, architecture, scale=0.05, config=heads)
    source = UpdateSource(open_run(checkpoint, base))
    extract(source, rank(2), tmp_path / "adapter", form="vllm")
    extract(source, rank(2), tmp_path / "merged", form="merged")
    script = tmp_path / "answer.py"
    script.write_text(SCRIPT)
    result = subprocess.run(
        [sys.executable, script, base, tmp_path / "adapter", json.dumps(TOKENS)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1"},
    )
    assert "ANSWERS" in result.stdout, result.stdout[-2000:] + result.stderr[-2000:]
    before, after = json.loads(result.stdout.split("ANSWERS")[1].splitlines()[0])
    truths = [expected(folder) for folder in (base, tmp_path / "merged")]
    assert (truths[0] - truths[1]).abs().max() > 0.05
    for answer, truth in zip((before, after), truths, strict=True):
        assert len(answer) == 5
        for token, value in answer.items():
            assert value == pytest.approx(float(truth[int(token)]), abs=1e-5)
