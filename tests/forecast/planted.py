"""Runs whose every checkpoint is known by a formula."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from alpharl_bench.checkpoints import Run, open_run
from tests.models import model_of

Tensors = dict[str, torch.Tensor]
STEPS = tuple(range(10, 110, 10))


def planted(
    folder: Path,
    delta: Callable[[str, torch.Size, float], torch.Tensor],
    steps: Sequence[int] = STEPS,
    architecture: str = "qwen3",
) -> Run:
    """A run on disk with W_t = W_0 + ``delta(name, shape, t)``."""
    base = folder / "base"
    model_of(architecture, num_hidden_layers=1).save_pretrained(base)
    tensors = load_file(base / "model.safetensors")
    for step in steps:
        there = folder / f"checkpoint-{step}"
        there.mkdir()
        moved = {name: w + delta(name, w.shape, step) for name, w in tensors.items()}
        save_file(moved, there / "model.safetensors", metadata={"format": "pt"})
        shutil.copyfile(base / "config.json", there / "config.json")
    return open_run(folder, base)


def direction(name: str, shape: torch.Size, draw: int = 0) -> torch.Tensor:
    """A fixed random update of a tensor: of rank 1 and norm 1 if it is a matrix."""
    generator = torch.Generator().manual_seed(1000 * draw + sum(map(ord, name)))
    parts = [
        torch.nn.functional.normalize(torch.randn(n, generator=generator), dim=0) for n in shape
    ]
    if len(parts) == 1:
        return parts[0]
    return torch.outer(*parts)


def deltas(run: Run, step: int) -> Tensors:
    """W_t − W_0 of a checkpoint, float64."""
    base = load_file(run.base / "model.safetensors")
    after = load_file(run.at(step).path / "model.safetensors")
    return {name: after[name].double() - base[name].double() for name in base}
