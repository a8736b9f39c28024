"""The one place where files of weights are written: each is looked at after its cast."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alpharl_bench.checkpoints import cast
from alpharl_bench.lazy import torch


def write_weights(tensors: Iterable[tuple[str, torch.Tensor, torch.dtype]], path: Path) -> None:
    """Write a file of safetensors.

    Args:
        tensors: (name, tensor, dtype in which it is written); no two share memory.
        path: the file.

    Raises:
        AlphaRLBenchError: a value is not finite in its dtype; nothing is written then.
    """
    # Imported here: it loads torch.
    from safetensors.torch import save_file  # noqa: PLC0415

    whole = {name: cast(name, tensor, dtype).contiguous() for name, tensor, dtype in tensors}
    save_file(whole, path, metadata={"format": "pt"})
