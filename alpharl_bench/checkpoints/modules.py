"""Which tensors of a model update matrices are taken from, and why the others are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from alpharl_bench.checkpoints.json_files import object_in
from alpharl_bench.checkpoints.tensors import Weights
from alpharl_bench.lazy import torch

# A layer is an element of a numbered container, whatever both are called: model.layers.0.,
# transformer.h.0., backbone.layers.0. So the files alone tell the modules: no network is made of a
# config that may need code of its own, and names on disk need not be those in memory.
_LAYER = re.compile(r"^(?:.+?\.)?\d+\.(?P<inside>.+)$")
# A numbered list of matrices outside the layers, as altup_projections.0.weight of Gemma 3n.
_OF_NO_LAYER = frozenset({"weight", "bias"})
# Networks beside the decoder: encoders of images and sound, and multi-token prediction.
_BESIDE = re.compile(r"(^|[._])(vision|visual|audio|image|speech|mtp)([._]|$)")
_EMBEDDING = re.compile(
    r"(^|\.)(embed_tokens|wte|embed_in|word_embeddings|tok_embeddings|tokens_embed|embeddings)"
    r"\.weight$"
)
_HEAD = re.compile(r"((^|\.)(lm_head|embed_out|output_layer)|^(head|output))\.weight$")
_NORM = re.compile(r"norm|(^|[._])ln([._\d]|$)", re.IGNORECASE)
# Of quantized weights: a row of scales per row of codes.
_SCALE = re.compile(r"_scale(_inv|s)?$")
_KERNEL = re.compile(r"conv\w*\.weight$")
# Their linear layers are stored (in, out): transformers' Conv1D.
_TRANSPOSED = frozenset({"gpt2", "openai-gpt"})
# Stacks by their shape alone: attention of XLNet is (width, heads, head size).
_NO_STACK = re.compile(r"\.rel_attn\.[qkvor]$")


def module_names(weights: Weights, *, embeddings: bool = False) -> list[str]:
    """The matrices whose updates are decomposed, sorted; every matrix of a stack is one.

    Args:
        weights: the weights of the base.
        embeddings: also the token embeddings, and the output head where it has weights of its own.
    """
    names: list[str] = []
    tied = tied_embeddings(weights)
    for name in weights.names:
        # Tables of integers, as of hash routing, and masks have no update.
        if weights.dtype(name) not in (torch.int64, torch.bool):
            names += matrices(name, weights.shape(name))
        if embeddings and is_vocabulary(name) and not (is_head(name) and tied):
            names.append(name)
    return names


def matrices(name: str, shape: Sequence[int]) -> list[str]:
    """The names of a tensor's matrices in a layer: itself, or those of a stack; of others none."""
    if exclusion(name, shape) is not None:
        return []
    return [name] if len(shape) == 2 else [f"{name}[{index}]" for index in range(shape[0])]


def exclusion(name: str, shape: Sequence[int]) -> str | None:
    """Why a tensor stays at its base values, as the kind of it; None for a module.

    Modules are all matrices inside the layers, and stacks of them (the experts of a mixture). The
    paper and the authors' code leave embeddings, output head, norms and biases at the base.
    """
    return next((kind for kind, holds in _KINDS.items() if holds(name, shape)), None)


def is_expert(name: str) -> bool:
    """Whether a module is one of a stack in a loaded model: an expert of a mixture, mostly."""
    return ".experts." in name or name.endswith("]")


def is_vocabulary(name: str) -> bool:
    """Whether a tensor has a row per token: the embeddings or the output head."""
    return bool(_EMBEDDING.search(name) or _HEAD.search(name))


def is_head(name: str) -> bool:
    """Whether a tensor is the output head."""
    return bool(_HEAD.search(name))


def tied_embeddings(weights: Weights) -> bool:
    """Whether the output head is the embeddings: as the config says, else if it has no weights."""
    config = object_in(weights.folder / "config.json")
    if "tie_word_embeddings" in config:
        return bool(config["tie_word_embeddings"])
    return not any(map(is_head, weights.names))


def transposed_layers(weights: Weights) -> bool:
    """Whether the matrices of the layers are stored (in, out), as the config's model type says."""
    return object_in(weights.folder / "config.json").get("model_type") in _TRANSPOSED


def _is_norm(name: str, shape: Sequence[int]) -> bool:
    if _is_vector(name, shape):
        return bool(_NORM.search(name))
    # A vector for each head; a matrix inside a norm's module is another matter.
    return bool(_NORM.search(name.removesuffix(".weight").rpartition(".")[2]))


def _is_vector(_: str, shape: Sequence[int]) -> bool:
    return len(shape) < 2 or (len(shape) > 2 and sum(size > 1 for size in shape) < 2)


def _is_outside(name: str, _: Sequence[int]) -> bool:
    match = _LAYER.match(name)
    return match is None or match["inside"] in _OF_NO_LAYER


def _is_no_stack(name: str, shape: Sequence[int]) -> bool:
    return len(shape) > 3 or (len(shape) == 3 and (1 in shape[1:] or bool(_NO_STACK.search(name))))


#: What is no module, by its kind; the first that holds is said.
_KINDS: Mapping[str, Callable[[str, Sequence[int]], bool]] = {
    "output head": lambda name, _: is_head(name),
    "token embeddings": lambda name, _: is_vocabulary(name),
    "encoders of images and sound, multi-token prediction": lambda name, _: bool(
        _BESIDE.search(name)
    ),
    "biases": lambda name, _: name.endswith("bias"),
    "norms": _is_norm,
    "vectors": _is_vector,
    "scales of quantized weights": lambda name, _: bool(_SCALE.search(name)),
    "matrices outside the layers": _is_outside,
    "convolution kernels": lambda name, shape: len(shape) > 2 and bool(_KERNEL.search(name)),
    "tensors that are no stack of matrices": _is_no_stack,
}
