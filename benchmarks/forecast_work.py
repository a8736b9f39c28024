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
from alpharl_bench.forecast import Prefix, Target, method_named, observe
from alpharl_bench.forecast.stability import stability
from alpharl_bench.variants.combined import applied
from benchmarks.synthetic import SIZES, update

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
                name: tensor + step**0.5 * _moved(f"{name} {step}", tensor.shape)
                if step
                else tensor
                for name, tensor in base.items()
            }
            stored = {name: tensor.to(kind) for name, tensor in moved.items()}
            save_file(stored, there / "model.safetensors", metadata={"format": "pt"})


def _weight(name: str, shape: torch.Size) -> torch.Tensor:
    if len(shape) == 1:
        return torch.ones(shape)
    return _WEIGHT * torch.randn(shape, generator=_generator(name))


def _moved(name: str, shape: torch.Size) -> torch.Tensor:
    """A step's update; each has directions of its own."""
    if len(shape) == 1:
        return _UPDATE * torch.randn(shape, generator=_generator(name))
    return update((shape[0], shape[1]), _generator(name)).mul_(_UPDATE * shape.numel() ** 0.5)


def _generator(name: str) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


@app.command()
def work(folder: Path, title: str) -> None:
    """Read all files once, or make a forecast, every tensor of it, and what its stability is."""
    for path in folder.glob("*/*.safetensors"):
        load_file(path)  # Into the page cache.
    run = open_run(folder, folder / "base")
    accuracies = {step: 0.2 + 0.02 * step + 0.01 * (step % 3) for step in run.steps}
    started, busy = time.perf_counter(), time.process_time()
    prefix = observe(run, _OBSERVED, accuracies, total_steps=_CHECKPOINTS)
    target = Target(step=_CHECKPOINTS, accuracy=0.7)
    if title == "read":
        _read(prefix)
    else:
        change = method_named(title).forecaster.fit(prefix).predict(target)
        model = applied(change, prefix.base)
        for name in model.names:
            model.tensor(name)
    forecast, core_seconds = time.perf_counter(), time.process_time() - busy
    if title != "read":
        stability(method_named(title).forecaster, prefix, target, change)
    _report(
        seconds=forecast - started,
        core_seconds=core_seconds,
        stability=time.perf_counter() - forecast,
    )


def _read(prefix: Prefix) -> None:
    """Every tensor of every observed file, with the check that its values are finite."""
    for weights in (prefix.base, *prefix.weights):
        for name in weights.names:
            weights.tensor(name)


def _report(**result: Any) -> None:
    typer.echo(json.dumps(result))


if __name__ == "__main__":
    app()
