"""Which tensors of a model the paper's update matrices are taken from."""

import re
from collections.abc import Sequence

from alpharl_bench.checkpoints.tensors import Weights
from alpharl_bench.limits import CONFIG_BYTES
from alpharl_bench.untrusted import parsed, read_text

# The paper's modules: the 2-D weights of attention and MLP. Embeddings, lm_head, norms and biases
# stay at their base values, as in the authors' code.
_MATRIX = re.compile(r"\.(self_attn|mlp)\..+\.weight$")
# The experts of a mixture, where a checkpoint keeps them as one 3-D tensor.
_EXPERTS = re.compile(r"\.mlp\.experts\.\w+$")
_EMBEDDING = re.compile(r"(^|\.)embed_tokens\.weight$")
_HEAD = re.compile(r"(^|\.)lm_head\.weight$")


def module_names(weights: Weights, *, embeddings: bool = False) -> list[str]:
    """The matrices whose updates are decomposed, sorted; every expert of a mixture is one.

    Args:
        weights: the weights of the base.
        embeddings: also the token embeddings, and the output head where it has weights of its own.
    """
    names: list[str] = []
    tied = tied_embeddings(weights)
    for name in weights.names:
        names += matrices(name, weights.shape(name))
        if embeddings and is_vocabulary(name) and not (is_head(name) and tied):
            names.append(name)
    return names


def matrices(name: str, shape: Sequence[int]) -> list[str]:
    """The names of a tensor's matrices of attention or MLP: itself, or its experts; mostly none."""
    if _MATRIX.search(name) and len(shape) == 2:
        return [name]
    if _EXPERTS.search(name) and len(shape) == 3:
        return [f"{name}[{expert}]" for expert in range(shape[0])]
    return []


def is_expert(name: str) -> bool:
    """Whether a module is one expert of a mixture."""
    return ".mlp.experts." in name


def is_vocabulary(name: str) -> bool:
    """Whether a tensor has a row per token: the embeddings or the output head."""
    return bool(_EMBEDDING.search(name) or _HEAD.search(name))


def is_head(name: str) -> bool:
    """Whether a tensor is the output head."""
    return bool(_HEAD.search(name))


def tied_embeddings(weights: Weights) -> bool:
    """Whether the output head is the embeddings: as the config says, else if it has no weights."""
    try:
        config = parsed(read_text(weights.folder / "config.json", CONFIG_BYTES))
        return bool(config["tie_word_embeddings"])
    except (OSError, ValueError, LookupError, TypeError):
        return not any(map(is_head, weights.names))
