"""What :mod:`benchmarks.forecast` measures, one process each."""

import json
import time
import zlib
from pathlib import Path
from typing import Any

import torch
import typer
from safetensors.torch import load_file, save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from alpharl_bench.cache import whole_folder
from alpharl_bench.checkpoints import open_run
from alpharl_bench.forecast import FORECASTERS, Prefix, Target, observe
from alpharl_bench.variants.combined import applied
from benchmarks.synthetic import SIZES

#: As many checkpoints as the paper's DAPO run has; 40 % of them are 10.
_CHECKPOINTS, _OBSERVED = 27, 0.4
_SMALL = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "vocab_size": 512,
}
_WEIGHT, _UPDATE = 0.02, 1e-3

app = typer.Typer()


@app.command()
def write(folder: Path, size: str) -> None:
    """Write a base and the observed checkpoints, if they are not there yet."""
    if folder.exists():
        return
    small = size == "small"
    shape, dtype = (_SMALL, "float32") if small else (SIZES["qwen3-0.6b"], "bfloat16")
    config = Qwen3Config(
        **shape, tie_word_embeddings=True, architectures=["Qwen3ForCausalLM"], dtype=dtype
    )
    with torch.device("meta"):
        tensors = Qwen3ForCausalLM(config).state_dict()
    del tensors["lm_head.weight"]
    kind = getattr(torch, dtype)
    with whole_folder(folder) as scratch:
        base = {name: _weight(name, tensor.shape) for name, tensor in tensors.items()}
        for step in range(int(_CHECKPOINTS * _OBSERVED) + 1):
            there = scratch / (f"checkpoint-{step}" if step else "base")
            config.save_pretrained(there)
            moved = {
                name: (tensor + _UPDATE * step**0.5 * _noise(f"{name} {step}", tensor.shape))
                if step
                else tensor
                for name, tensor in base.items()
            }
            stored = {name: tensor.to(kind) for name, tensor in moved.items()}
            save_file(stored, there / "model.safetensors", metadata={"format": "pt"})


def _weight(name: str, shape: torch.Size) -> torch.Tensor:
    return _WEIGHT * _noise(name, shape) if len(shape) > 1 else torch.ones(shape)


def _noise(name: str, shape: torch.Size) -> torch.Tensor:
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    noise = torch.randn(shape, generator=generator)
    if len(shape) == 2:
        # A direction of its own, so that Rank-1 is something to find.
        left, right = (torch.randn(n, generator=generator) for n in shape)
        noise += torch.outer(left, right) / min(shape) ** 0.5
    return noise


@app.command()
def work(folder: Path, title: str) -> None:
    """Read all files once, or make a forecast and every tensor of it."""
    for path in folder.glob("*/*.safetensors"):
        load_file(path)  # Into the page cache.
    run = open_run(folder, folder / "base")
    accuracies = {step: 0.2 + 0.02 * step + 0.01 * (step % 3) for step in run.steps}
    started = time.perf_counter()
    prefix = observe(run, _OBSERVED, accuracies, total_steps=_CHECKPOINTS)
    if title == "read":
        _read(prefix)
    else:
        target = Target(step=_CHECKPOINTS, accuracy=0.7)
        model = applied(FORECASTERS[title].fit(prefix).predict(target), prefix.base)
        for name in model.names:
            model.tensor(name)
    _report(seconds=time.perf_counter() - started)


def _read(prefix: Prefix) -> None:
    """Every tensor of every observed file, with the check that its values are finite."""
    for weights in (prefix.base, *prefix.weights):
        for name in weights.names:
            weights.tensor(name)


def _report(**result: Any) -> None:
    typer.echo(json.dumps(result))


if __name__ == "__main__":
    app()
