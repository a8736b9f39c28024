"""A variant as an adapter: the factors alone, in the names that peft or that vLLM knows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from alpharl_bench.checkpoints import Weights, is_expert, is_head, is_vocabulary, tied_embeddings
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.materialise import Update
from alpharl_bench.variants.rounding import lora_factors

_PREFIX = "base_model.model."
#: From the last part of a module's name to those of the equal parts into which an engine splits
#: its rows; what is not named is whole.
Split = Mapping[str, Sequence[str]]
WHOLE: Split = MappingProxyType({})
_HALVES: Split = MappingProxyType({"gate_up_proj": ("gate_proj", "up_proj")})
# They store gate over up as one matrix, of which vLLM makes two; that of Phi-3 it keeps.
_SPLIT_BY_VLLM = frozenset({"glm", "glm4"})


def split_by_vllm(base: Weights) -> Split:
    """How vLLM splits the modules of an architecture, where no loaded model is there to ask."""
    config = json.loads((base.folder / "config.json").read_text(encoding="utf-8"))
    return _HALVES if config.get("model_type") in _SPLIT_BY_VLLM else WHOLE


def parts_of(name: str, split: Split) -> list[str]:
    """The names that an engine has for a module, as it splits stored matrices by their rows.

    Args:
        name: the name of the module's weight.
        split: how it does.
    """
    above, _, last = name.removesuffix(".weight").rpartition(".")
    return [f"{above}.{part}" for part in split.get(last, (last,))]


def write_adapter(
    update: Update,
    weights: Weights,
    folder: Path,
    dtype: torch.dtype,
    *,
    split: Split = WHOLE,
) -> None:
    """Write ``adapter_config.json`` and ``adapter_model.safetensors`` into ``folder``.

    Every module gets the same rank, smaller ones by rows of zeros, and α = r, so that B·A is the
    update itself: engines that know no rank of each module's own read it too.

    Args:
        update: the update of every module.
        weights: the weights that the update is added to; the adapter names their folder as base.
        folder: is there already.
        dtype: the dtype of the factors.
        split: how the engine splits stored matrices; peft wants them whole.

    Raises:
        AlphaRLBenchError: an adapter cannot express the update of a module.
    """
    # Imported here: they take seconds to load, and a merged folder does not need peft.
    from peft import LoraConfig  # noqa: PLC0415
    from safetensors.torch import save_file  # noqa: PLC0415

    _refuse(update, weights)
    tensors: dict[str, torch.Tensor] = {}
    rank = max((factors.sigma.numel() for factors in update.values()), default=0)
    for name, factors in update.items():
        module = _PREFIX + name.removesuffix(".weight")
        a, b = lora_factors(_padded(factors, rank))
        if is_vocabulary(name) and not is_head(name):
            # peft keeps the factors of an embedding transposed: rows of A are token directions.
            parts = {f"{module}.lora_embedding_A": b.T, f"{module}.lora_embedding_B": a.T}
        else:
            named = parts_of(module, split)
            parts = {f"{part}.lora_A.weight": a for part in named}
            for part, rows in zip(named, b.chunk(len(named)), strict=True):
                parts[f"{part}.lora_B.weight"] = rows
        # Copies: safetensors refuses tensors that share memory, as the halves' common factor does.
        tensors |= {key: value.to(dtype).clone().contiguous() for key, value in parts.items()}
    LoraConfig(
        r=rank,
        lora_alpha=rank,
        # …layers.0.self_attn.q_proj.lora_A.weight, but …embed_tokens.lora_embedding_A
        target_modules=sorted({key.split(".lora_")[0].split(".")[-1] for key in tensors}),
        base_model_name_or_path=str(weights.folder),
        inference_mode=True,
        task_type="CAUSAL_LM",
    ).save_pretrained(str(folder))
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def _refuse(update: Update, weights: Weights) -> None:
    if expert := next(filter(is_expert, update), None):
        raise AlphaRLBenchError(
            f"--format peft: '{expert}' is an expert of a mixture, which transformers stacks with "
            "the others: no adapter reaches it alone; use --format merged"
        )
    if any(map(is_vocabulary, update)) and tied_embeddings(weights):
        raise AlphaRLBenchError(
            f"--format peft: {weights.folder} ties its output head to the embeddings, an adapter "
            "would move one of the two only; use --format merged"
        )


def _padded(factors: LowRank, rank: int) -> LowRank:
    missing = rank - factors.sigma.numel()
    return LowRank(
        *(
            torch.nn.functional.pad(part, (0, missing))
            for part in (factors.left, factors.sigma, factors.right)
        )
    )
