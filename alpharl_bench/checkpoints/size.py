"""The size of a model that need not be here: its network is made without weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from alpharl_bench.checkpoints.modules import matrices
from alpharl_bench.lazy import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class ModelSize:
    """What costs follow from.

    Args:
        parameters: their number, tied ones once.
        matrices: (m, n) of every matrix inside the layers, by name.
        cached_values: numbers that attention keeps of a token, 2 · layers · KV heads · head size.
        positions: the longest prompt and response together, None where the config does not say.
    """

    parameters: int
    matrices: Mapping[str, tuple[int, int]]
    cached_values: int
    positions: int | None

    @property
    def largest_matrix(self) -> int:
        """The number of entries of the largest matrix."""
        return max(map(prod, self.matrices.values()))


def size_of(make: Callable[[], PreTrainedModel]) -> ModelSize:
    """The size of the network that ``make`` makes; it takes no memory for its weights."""
    with torch.device("meta"):
        network = make()
    config = network.config.get_text_config()
    shapes = {name: tuple(tensor.shape) for name, tensor in network.named_parameters()}
    # State-space models have no heads, and older architectures as many of keys as of queries.
    heads = getattr(config, "num_attention_heads", 0)
    kv_heads = getattr(config, "num_key_value_heads", None) or heads
    head = getattr(config, "head_dim", None) or (config.hidden_size // heads if heads else 0)
    return ModelSize(
        parameters=sum(map(prod, shapes.values())),
        matrices={
            module: (shape[-2], shape[-1])
            for name, shape in shapes.items()
            for module in matrices(name, shape)
        },
        cached_values=2 * config.num_hidden_layers * kv_heads * head,
        positions=getattr(config, "max_position_embeddings", None),
    )
