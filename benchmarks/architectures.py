"""What of an update the modules hold, over the causal language models of transformers.

    python -m benchmarks.architectures

A tiny model of each is saved, every entry of every parameter is moved by the same distance, and
the two are compared as a run's base and checkpoint are. So a share of ‖ΔW‖² is one of parameters:
it says which tensors are looked at, and nothing about models of a real size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers
import typer
from transformers import CONFIG_MAPPING, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from alpharl_bench.checkpoints import WeightFiles, compare
from alpharl_bench.spectral import Coverage, coverage

#: How far every entry is moved, up or down; a power of two, so that small weights move exactly.
STEP = 2.0**-7
# What a config of transformers calls the sizes of its model; a model takes those that it has.
_SIZES: Mapping[str, Any] = {
    **dict.fromkeys(("vocab_size", "max_position_embeddings", "n_positions", "n_ctx"), 64),
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "embed_dim", "embedding_size"), 32),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "dff", "decoder_ffn_dim"), 48),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "decoder_layers"), 2),
    **dict.fromkeys(("num_layers", "num_key_value_heads", "num_experts_per_tok"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 4),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "state_size"), 4),
    **dict.fromkeys(("decoder_attention_heads", "mamba_d_state", "moe_num_experts"), 4),
    **dict.fromkeys(("head_dim", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"), 8),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim"), 8),
    **dict.fromkeys(("linear_num_key_heads", "linear_num_value_heads"), 4),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "qk_head_dim"), 16),
    **dict.fromkeys(("mamba_n_heads", "mamba_d_head", "mamba_num_heads", "mamba_head_dim"), 8),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 24),
    **dict.fromkeys(("n_group", "topk_group", "first_k_dense_replace", "bos_token_id"), 1),
    "shared_intermediate_size": 24,
    "pad_token_id": 0,
    "eos_token_id": 2,
}
# What some of them need beside.
_OWN: Mapping[str, Mapping[str, Any]] = {
    "falcon": {"head_dim": None},
    "falcon_h1": {"mamba_d_ssm": 64},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "mamba2": {"num_heads": 8, "n_groups": 2},
    "zaya": {"num_experts_per_tok": 1},
}
#: By the names that transformers gives them: dense, mixtures, fused, linear attention, state space.
MODEL_TYPES = (
    *("apertus", "arcee", "biogpt", "bloom", "codegen", "cohere", "cohere2", "ctrl", "cwm"),
    *("diffllama", "doge", "ernie4_5", "exaone4", "falcon", "gemma", "gemma2", "gemma3_text"),
    *("glm", "glm4", "gpt2", "gpt_bigcode", "gpt_neo", "gpt_neox", "gptj", "granite", "helium"),
    *("jais2", "llama", "minicpm3", "mistral", "mpt", "nanochat", "olmo", "olmo2", "olmo3"),
    *("openai-gpt", "opt", "persimmon", "phi", "phi3", "qwen2", "qwen3", "seed_oss", "smollm3"),
    *("stablelm", "starcoder2", "vaultgemma", "xglm", "youtu"),
    *("afmoe", "aria_text", "cohere2_moe", "deepseek_v2", "deepseek_v3", "deepseek_v4"),
    *("ernie4_5_moe", "exaone_moe", "flex_olmo", "glm4_moe", "glm4_moe_lite", "gpt_oss"),
    *("granitemoe", "granitemoeshared", "jetmoe", "llama4_text", "minimax_m2", "mixtral"),
    *("olmoe", "phimoe", "qwen2_moe", "qwen3_moe", "solar_open"),
    *("bamba", "falcon_h1", "falcon_mamba", "granitemoehybrid", "jamba", "lfm2", "mamba", "mamba2"),
    *("minimax", "nemotron_h", "olmo_hybrid", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_next"),
    *("recurrent_gemma", "rwkv", "zaya"),
)


@dataclass(frozen=True)
class Architecture:
    """What was found of one architecture.

    Args:
        name: the name of its class.
        modules: the names of the matrices that are decomposed.
        coverage: what of ‖ΔW‖² they hold.
    """

    name: str
    modules: Sequence[str]
    coverage: Coverage

    @property
    def row(self) -> str:
        """A line of the table."""
        shares = {kind: f"{share:.1%}" for kind, share in self.coverage.left.items()}
        # Equal ones by name: which is larger in the last digits is rounding.
        order = sorted(shares, key=lambda kind: (-float(shares[kind].rstrip("%")), kind))
        left = "; ".join(f"{kind} {shares[kind]}" for kind in order)
        held = f"{self.coverage.modules:.1%}"
        return f"| {self.name} | {len(self.modules)} | {held} | {left} |"


def main() -> None:
    """Print the table of docs/architectures.md."""
    typer.echo("| class | modules | of ‖ΔW‖² | at the base stay |\n|---|---:|---:|---|")
    for model_type in MODEL_TYPES:
        with TemporaryDirectory() as folder:
            saved_pair(tiny_model(model_type), Path(folder))
            typer.echo(examined(model_type, Path(folder)).row)


def tiny_model(model_type: str) -> PreTrainedModel:
    """A model of a few thousand parameters, with random weights, always the same."""
    config_class = CONFIG_MAPPING[model_type]
    default = config_class()
    sizes = {key: value for key, value in _SIZES.items() if getattr(default, key, None) is not None}
    sizes |= _OWN.get(model_type, {})
    config = config_class(**{key: value for key, value in sizes.items() if value is not None})
    torch.manual_seed(0)
    model: PreTrainedModel = _class_of(model_type)(config)
    return model


def saved_pair(model: PreTrainedModel, folder: Path) -> None:
    """Save a model as ``base``, move every entry by :data:`STEP`, save it as ``trained``."""
    model.save_pretrained(folder / "base")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(2 * torch.randint(2, parameter.shape) - 1, alpha=STEP)
    model.save_pretrained(folder / "trained")


def examined(model_type: str, folder: Path) -> Architecture:
    """What is found of the pair in a folder.

    Raises:
        AlphaRLBenchError: base and checkpoint do not fit.
    """
    base, trained = WeightFiles(folder / "base"), WeightFiles(folder / "trained")
    modules = compare(base, trained).require()
    name = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[model_type]
    return Architecture(name, modules, coverage(base, trained, modules))


def _class_of(model_type: str) -> Any:
    return getattr(transformers, MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[model_type])


if __name__ == "__main__":
    typer.run(main)
