"""Parameters of loaded models under the names of files, as transformers loads and saves them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    CLIPVisionConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
)

from alpharl_bench.checkpoints import WeightFiles, open_weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants.parameters import Parameters

SIZE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1}


@pytest.fixture
def gpt2() -> GPT2LMHeadModel:
    return GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=32, n_layer=1, n_head=4))


@pytest.fixture
def llava() -> LlavaForConditionalGeneration:
    vision = CLIPVisionConfig(**SIZE, num_attention_heads=4, image_size=8, patch_size=4)
    text = LlamaConfig(**SIZE, num_attention_heads=4, vocab_size=50)
    return LlavaForConditionalGeneration(LlavaConfig(vision_config=vision, text_config=text))


def test_a_backbone_that_was_saved_without_its_head(gpt2: GPT2LMHeadModel, tmp_path: Path) -> None:
    gpt2.transformer.save_pretrained(tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    assert "h.0.attn.c_attn.weight" in stored
    parameters = Parameters(gpt2)
    for name, tensor in stored.items():
        assert torch.equal(parameters[name], tensor)


def test_a_multimodal_model_in_its_files_and_in_memory(
    llava: LlavaForConditionalGeneration, tmp_path: Path
) -> None:
    llava.save_pretrained(tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    assert stored.keys() != dict(llava.named_parameters()).keys()
    parameters = Parameters(llava)
    for name, tensor in stored.items():
        assert torch.equal(parameters[name], tensor), name


def test_a_language_model_that_was_taken_out_of_a_multimodal_one(
    llava: LlavaForConditionalGeneration, tmp_path: Path
) -> None:
    llava.save_pretrained(tmp_path / "base")
    text = llava.model.language_model
    text.save_pretrained(tmp_path / "text")
    base = WeightFiles(tmp_path / "base")
    weights = open_weights(tmp_path / "text", base)
    assert set(base.names) - set(weights.names) == {
        name for name in base.names if name.endswith("lm_head.weight")
    }
    assert all("vision_tower" in name or "projector" in name for name in weights.inherited)
    assert any("only in the base" in note for note in weights.notes)
    assert all(torch.equal(base.tensor(name), weights.tensor(name)) for name in weights.names)


def test_a_name_that_the_model_lacks(gpt2: GPT2LMHeadModel) -> None:
    with pytest.raises(AlphaRLBenchError, match=r"no parameter .* 'h\.7\.attn\.c_attn\.weight'"):
        Parameters(gpt2)["h.7.attn.c_attn.weight"]
