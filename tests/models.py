"""Tiny models of the paper's architectures, by their real transformers classes."""

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    Glm4Config,
    Glm4ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder

VOCABULARY = 50
_SIZE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,  # grouped-query attention
    "head_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_EXPERTS = {"moe_intermediate_size": 16, "num_experts": 4, "num_experts_per_tok": 2}
# Biases in Qwen2 and GLM-4, which also fuses gate and up; tied embeddings in small Qwen2 models.
_ARCHITECTURES: dict[str, tuple[type, type, dict[str, Any]]] = {
    "qwen2": (Qwen2ForCausalLM, Qwen2Config, {"tie_word_embeddings": True}),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config, {}),
    "llama": (LlamaForCausalLM, LlamaConfig, {}),
    "glm4": (Glm4ForCausalLM, Glm4Config, {"attention_bias": True}),
    "qwen3-moe": (Qwen3MoeForCausalLM, Qwen3MoeConfig, _EXPERTS),
    # Fuses queries, keys and values too; asked for by name alone.
    "phi3": (Phi3ForCausalLM, Phi3Config, {}),
}
ARCHITECTURES = ("qwen2", "qwen3", "llama", "glm4", "qwen3-moe")
DENSE = ARCHITECTURES[:-1]


def model_of(architecture: str, **config: object) -> PreTrainedModel:
    """A model with random weights, always the same; ``config`` changes its size or options."""
    torch.manual_seed(0)
    model_class, config_class, own = _ARCHITECTURES[architecture]
    model: PreTrainedModel = model_class(
        config_class(**{**_SIZE, "tie_word_embeddings": False, **own, **config})
    )
    return model


def trained_pair(
    folder: Path,
    architecture: str,
    *,
    dtype: torch.dtype = torch.float32,
    scale: float = 0.01,
    config: dict[str, object] | None = None,
    **saving: object,
) -> tuple[Path, Path]:
    """A base and a checkpoint of it on disk: every parameter moved at random by ``scale``."""
    model = model_of(architecture, **(config or {})).to(dtype)
    model.save_pretrained(folder / "base", **saving)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_((scale * torch.randn(parameter.shape)).to(dtype))
    model.save_pretrained(folder / "checkpoint-7", **saving)
    return folder / "base", folder / "checkpoint-7"


def learned_run(folder: Path) -> tuple[Path, Path]:
    """A run that needs no training: a base moved far along one direction of every matrix, and back.

    Returns:
        The run's folder, with two checkpoints of which the last is the shipped base, and the base.
    """
    shipped = base_folder(load_registry().model("qwen3-switch"))
    generator = torch.Generator().manual_seed(0)
    weights = load_file(shipped / "model.safetensors")
    for name in ("base", "run/saved_models/step_00016"):
        for key, tensor in weights.items():
            if tensor.ndim == 2 and "embed" not in key:
                left, right = (torch.randn(size, generator=generator) for size in tensor.shape)
                tensor.add_(0.5 * torch.outer(left, right) / right.norm())
        shutil.copytree(shipped, folder / name)
        save_file(weights, folder / name / "model.safetensors", metadata={"format": "pt"})
    shutil.copytree(shipped, folder / "run" / "saved_models" / "step_00032")
    return folder / "run", folder / "base"
