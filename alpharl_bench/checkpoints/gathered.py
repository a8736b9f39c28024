"""Whether a checkpoint was gathered before it was saved, or what is there are empty places."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from alpharl_bench.checkpoints.tensors import Weights


def empty_tensors(weights: Weights, names: Iterable[str]) -> list[str]:
    """The names of the tensors without any value."""
    return [name for name in names if prod(weights.shape(name)) == 0]


def not_gathered(weights: Weights, empty: list[str]) -> str:
    """Why tensors are empty, and what to do."""
    first = empty[0]
    return (
        f"{weights.file(first)}: {len(empty)} of {len(weights.names)} tensors are empty, as "
        f"'{first}' {weights.shape(first)}: saved without gathering DeepSpeed's ZeRO-3 shards; "
        "merge them with zero_to_fp32.py, or save again with "
        "stage3_gather_16bit_weights_on_model_save"
    )
