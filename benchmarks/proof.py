"""Where the tolerances of `alpharl_bench.scoring.proof` come from, on the shipped base.

python -m benchmarks.proof           which changes of one matrix no probability shows
python -m benchmarks.proof --vllm    how far vLLM is from transformers with the same weights
"""

import tempfile
from pathlib import Path

import torch
import typer
from tabulate import tabulate
from transformers import AutoModelForCausalLM, PreTrainedModel

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring import EngineOptions
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.scoring.engines import DTYPES, Dtype
from alpharl_bench.scoring.proof import fixed_text, log_probabilities
from alpharl_bench.variants import BASE, FULL, rank
from alpharl_bench.variants.materialise import UpdateSource

_NANO = base_folder(load_registry().model("qwen3-switch"))
_SCALES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
_DRAWS = 28  # every matrix of the model is changed


def main(*, vllm: bool = False) -> None:
    """Print one of the two tables."""
    if vllm:
        headers: tuple[str, ...] = (
            "dtype",
            "variant",
            "log-probabilities",
            "effect",
            "disagreement",
            "allowed",
        )
        rows = [row for dtype in (DTYPES[0], DTYPES[1]) for row in _disagreement(dtype)]
    else:
        headers = ("‖ΔW‖ / ‖W‖ of one matrix", *DTYPES)
        rows = [(f"{scale:g}", *(_unseen(dtype, scale) for dtype in DTYPES)) for scale in _SCALES]
    typer.echo(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


def _unseen(dtype: Dtype, scale: float) -> str:
    """How often a Rank-1 change of one matrix leaves all log-probabilities to the bit."""
    model = _model(dtype)
    text = fixed_text(model.config.vocab_size)
    base = log_probabilities(model, text)
    matrices = [p for name, p in model.named_parameters() if name.endswith("proj.weight")]
    moved = unseen = 0
    for draw in range(_DRAWS):
        matrix = matrices[draw % len(matrices)]
        before = matrix.data.clone()
        generator = torch.Generator().manual_seed(draw)
        left, right = (torch.randn(size, generator=generator) for size in matrix.shape)
        change = torch.outer(left, right)
        change *= scale * before.float().norm() / change.norm()
        matrix.data.copy_(before.float() + change)
        if not torch.equal(matrix.data, before):
            moved += 1
            unseen += torch.equal(log_probabilities(model, text), base)
        matrix.data.copy_(before)
    return f"{unseen} of {moved}"


def _model(dtype: Dtype) -> PreTrainedModel:
    loaded = AutoModelForCausalLM.from_pretrained(_NANO, dtype=getattr(torch, dtype))
    model: PreTrainedModel = loaded.eval()
    return model


def _disagreement(dtype: Dtype) -> list[tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as scratch:
        model = _model("float32")
        generator = torch.Generator().manual_seed(0)
        for name, parameter in model.named_parameters():
            if name.endswith("proj.weight"):
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.data += 0.02 * noise * parameter.data.norm() / noise.norm()
        folder = Path(scratch) / "checkpoint-1"
        model.save_pretrained(folder)
        source = UpdateSource(Run("moved", _NANO, (Checkpoint(1, folder),)))
        backend = open_backend(EngineOptions("vllm", dtype, batch_size=4), source, context=64)
        rows = []
        for variant in (BASE, rank(1), rank(12), FULL):
            with backend.use_variant(variant):
                found = backend.compared(source.change(variant))  # type: ignore[attr-defined]
            rows.append((dtype, variant.label, *(f"{x:.1e}" for x in found)))
        backend.close()
    return rows


if __name__ == "__main__":
    typer.run(main)
