"""Tiny models of the paper's architectures, by their real transformers classes."""

from pathlib import Path

import torch
from transformers import (
    Glm4Config,
    Glm4ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

VOCABULARY = 50
_SIZE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,  # grouped-query attention
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
#: Tied and untied embeddings, biases, a fused gate_up_proj, stacked experts.
DENSE = ("qwen2", "qwen3", "llama", "glm4")
ARCHITECTURES = (*DENSE, "qwen3-moe")


def model_of(
    architecture: str, *, tied: bool | None = None, config: dict[str, int] | None = None
) -> PreTrainedModel:
    """A model with random weights; Qwen2 is tied unless told otherwise, as its small ones are."""
    torch.manual_seed(0)
    size = {**_SIZE, "head_dim": 8, **(config or {})}
    size["tie_word_embeddings"] = architecture == "qwen2" if tied is None else tied
    match architecture:
        case "qwen2":
            return Qwen2ForCausalLM(Qwen2Config(**size))
        case "qwen3":
            return Qwen3ForCausalLM(Qwen3Config(**size))
        case "llama":
            return LlamaForCausalLM(LlamaConfig(**size))
        case "glm4":
            return Glm4ForCausalLM(Glm4Config(**size, attention_bias=True))
        case "qwen3-moe":
            experts = {"moe_intermediate_size": 16, "num_experts": 4, "num_experts_per_tok": 2}
            return Qwen3MoeForCausalLM(Qwen3MoeConfig(**size, **experts))
    raise ValueError(architecture)


def trained_pair(
    folder: Path,
    architecture: str,
    *,
    dtype: torch.dtype = torch.float32,
    scale: float = 0.01,
    tied: bool | None = None,
    config: dict[str, int] | None = None,
    **saving: object,
) -> tuple[Path, Path]:
    """A base and a checkpoint of it on disk: every parameter moved at random by ``scale``."""
    model = model_of(architecture, tied=tied, config=config).to(dtype)
    model.save_pretrained(folder / "base", **saving)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_((scale * torch.randn(parameter.shape)).to(dtype))
    model.save_pretrained(folder / "checkpoint-7", **saving)
    return folder / "base", folder / "checkpoint-7"
