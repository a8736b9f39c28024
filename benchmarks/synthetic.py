"""A synthetic training run: a base model and a trained one, with the spectrum of an RL update.

Every update is a sum of 64 singular directions, σ₁ = 1 and then 0.9·0.97ⁱ, and of Gaussian noise
that makes the Rank-1 fraction σ₁/‖ΔW‖_F about 0.2. ‖ΔW‖_F is a tenth of ‖W‖_F: rounding W + ΔW to
bfloat16 then changes ΔW by 2 % of its norm, far below the noise, so that what is read back from the
files still has the spectrum.

    python -m benchmarks.synthetic DIR --layers 28
"""

import json
import math
import zlib
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from alpharl_bench.cache import whole_folder

Size = Literal["qwen3-0.6b", "qwen3-8b", "tiny"]

#: What differs from transformers' Qwen3Config by default; all sizes tie their embeddings.
SIZES: dict[Size, dict[str, int]] = {
    "qwen3-0.6b": {
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151_936,
    },
    "qwen3-8b": {
        "hidden_size": 4096,
        "intermediate_size": 12_288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151_936,
    },
    # Just large enough that the engine takes the solver of large matrices.
    "tiny": {
        "hidden_size": 320,
        "intermediate_size": 640,
        "num_hidden_layers": 2,
        "num_attention_heads": 5,
        "num_key_value_heads": 5,
        "head_dim": 64,
        "vocab_size": 1000,
    },
}
#: σ₁/‖ΔW‖_F of every update, before the noise adds its little to σ₁.
RANK1_FRACTION = 0.2
_DIRECTIONS, _SECOND, _DECAY = 64, 0.9, 0.97
#: ‖ΔW‖_F / ‖W‖_F.
_UPDATE = 0.1
# The standard deviation of a weight in a new Qwen3.
_WEIGHT = 0.02
# Two shards are in memory at a time, one of each model.
_SHARD = "500MB"


def update(shape: tuple[int, int], generator: torch.Generator) -> torch.Tensor:
    """One update matrix (m, n), float32, of norm 1 but for what chance makes of it.

    It is made on the device of the generator.
    """
    place = generator.device
    sigma = _SECOND * _DECAY ** torch.arange(-1, min(_DIRECTIONS, *shape) - 1, device=place)
    sigma[0] = 1
    left, right = (
        torch.linalg.qr(torch.randn(size, len(sigma), generator=generator, device=place))[0]
        for size in shape
    )
    norm = 1 / RANK1_FRACTION
    noise = math.sqrt(norm**2 - float(sigma.square().sum()))
    matrix = torch.randn(shape, generator=generator, device=place)
    matrix.mul_(noise / math.sqrt(math.prod(shape)))
    return matrix.addmm_(left * sigma, right.T).div_(norm)


def write_pair(folder: Path, size: Size, layers: int | None = None, device: str = "cpu") -> None:
    """Write ``folder/base`` and ``folder/trained``: Hugging Face model folders in bfloat16.

    Args:
        folder: appears whole or not at all.
        size: which architecture.
        layers: fewer than the architecture has.
        device: where the numbers are drawn; another one draws others.
    """
    shape = SIZES[size] | ({"num_hidden_layers": layers} if layers else {})
    config = Qwen3Config(
        **shape, tie_word_embeddings=True, architectures=["Qwen3ForCausalLM"], dtype="bfloat16"
    )
    with torch.device("meta"):
        tensors = Qwen3ForCausalLM(config).to(torch.bfloat16).state_dict()
    del tensors["lm_head.weight"]
    plan = split_torch_state_dict_into_shards(tensors, max_shard_size=_SHARD)
    with whole_folder(folder) as scratch:
        models = [scratch / "base", scratch / "trained"]
        for model in models:
            config.save_pretrained(model)
            index: dict[str, Any] = {
                "metadata": plan.metadata,
                "weight_map": plan.tensor_to_filename,
            }
            (model / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
        for file, names in plan.filename_to_tensors.items():
            pairs = {name: _pair(name, tuple(tensors[name].shape), device) for name in names}
            for i, model in enumerate(models):
                shard = {name: pair[i] for name, pair in pairs.items()}
                save_file(shard, model / file, metadata={"format": "pt"})


def _pair(name: str, shape: tuple[int, ...], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A tensor before and after training, on the CPU; it follows from name, shape and device."""
    if len(shape) != 2:
        norms = torch.ones(shape, dtype=torch.bfloat16)
        return norms, norms.clone()
    generator = torch.Generator(device).manual_seed(zlib.crc32(name.encode()))
    before = torch.randn(shape, generator=generator, device=device).mul_(_WEIGHT)
    before = before.to(torch.bfloat16)
    scale = _UPDATE * _WEIGHT * math.sqrt(math.prod(shape))
    delta = update((shape[0], shape[1]), generator).mul_(scale)
    return before.cpu(), delta.add_(before).to(torch.bfloat16).cpu()


def main(
    folder: Path,
    size: Annotated[Size, typer.Option(help="The architecture.")] = "qwen3-0.6b",
    layers: Annotated[int | None, typer.Option(help="Fewer than the architecture has.")] = None,
) -> None:
    """Write a base model and a trained one, FOLDER/base and FOLDER/trained, if not there yet."""
    if not folder.exists():
        write_pair(folder.absolute(), size, layers)


if __name__ == "__main__":
    typer.run(main)
