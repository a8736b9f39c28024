"""A variant as an adapter: the factors alone, in the names that peft or that vLLM knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from alpharl_bench.checkpoints import (
    AdapterWeights,
    Weights,
    cast,
    is_expert,
    is_head,
    is_vocabulary,
    tied_embeddings,
    transposed_layers,
)
from alpharl_bench.checkpoints.config import read_config
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.materialise import Update
from alpharl_bench.variants.rounding import lora_factors
from alpharl_bench.variants.written import write_weights

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
    return _HALVES if read_config(base.folder).model_type in _SPLIT_BY_VLLM else WHOLE


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
        AlphaRLBenchError: an adapter cannot express the update of a module, a factor or a product
            of two is not finite in ``dtype``, or no library finds the weights in their folder.
    """
    # Imported here: it takes seconds to load, and a merged folder does not need peft.
    from peft import LoraConfig  # noqa: PLC0415

    refuse_adapter(update, weights)
    tensors: dict[str, torch.Tensor] = {}
    transposed = transposed_layers(weights)
    rank = max((factors.sigma.numel() for factors in update.values()), default=0)
    for name, factors in update.items():
        module = _PREFIX + name.removesuffix(".weight")
        if dtype == torch.float16:
            # In its range √σ may fit where σ does not.
            cast(name, factors.dense(), dtype)
        a, b = lora_factors(_padded(factors, rank))
        if is_vocabulary(name) and not is_head(name):
            # peft keeps the factors of an embedding transposed: rows of A are token directions.
            parts = {f"{module}.lora_embedding_A": b.T, f"{module}.lora_embedding_B": a.T}
        else:
            # A takes the input: the second dimension of a matrix, or the first of one transposed.
            if transposed and not is_vocabulary(name):
                a, b = b.T, a.T
            named = parts_of(module, split)
            parts = {f"{part}.lora_A.weight": a for part in named}
            for part, rows in zip(named, b.chunk(len(named)), strict=True):
                parts[f"{part}.lora_B.weight"] = rows
        # Copies: safetensors refuses tensors that share memory, as the halves' common factor does.
        tensors |= {key: value.clone() for key, value in parts.items()}
    write_weights(
        ((key, value, dtype) for key, value in tensors.items()),
        folder / "adapter_model.safetensors",
    )
    LoraConfig(
        r=rank,
        lora_alpha=rank,
        # …layers.0.self_attn.q_proj.lora_A.weight, but …embed_tokens.lora_embedding_A
        target_modules=sorted({key.split(".lora_")[0].split(".")[-1] for key in tensors}),
        base_model_name_or_path=str(weights.folder),
        fan_in_fan_out=transposed,
        inference_mode=True,
        task_type="CAUSAL_LM",
    ).save_pretrained(str(folder))


def refuse_adapter(update: Update, weights: Weights) -> None:
    """Refuse what no adapter can hold; no update is made for that.

    Raises:
        AlphaRLBenchError: as :func:`write_adapter`, but for factors that are not finite.
    """
    if not weights.as_stored or weights.ephemeral:
        raise AlphaRLBenchError(
            f"--format peft: an adapter names the folder of its base, and none holds these weights "
            f"as libraries load them: {weights.folder} is {_kind(weights)}; use --format merged"
        )
    if expert := next(filter(is_expert, update), None):
        raise AlphaRLBenchError(
            f"--format peft: '{expert}' is one matrix of a stack, as the experts of a mixture "
            "are in transformers: no adapter reaches it alone; use --format merged"
        )
    if bare := next((name for name in update if not name.endswith(".weight")), None):
        raise AlphaRLBenchError(
            f"--format peft: '{bare}' is no linear layer, and an adapter reaches these alone; use "
            "--format merged"
        )
    if any(map(is_vocabulary, update)) and tied_embeddings(weights):
        raise AlphaRLBenchError(
            f"--format peft: {weights.folder} ties its output head to the embeddings, an adapter "
            "would move one of the two only; use --format merged"
        )


def _kind(weights: Weights) -> str:
    if isinstance(weights, AdapterWeights):
        return "an adapter itself"
    return "downloaded for a while" if weights.ephemeral else "stored under other names or shapes"


def _padded(factors: LowRank, rank: int) -> LowRank:
    missing = rank - factors.sigma.numel()
    return LowRank(
        *(
            torch.nn.functional.pad(part, (0, missing))
            for part in (factors.left, factors.sigma, factors.right)
        )
    )
