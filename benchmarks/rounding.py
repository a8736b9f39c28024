"""What bfloat16 leaves of small updates in each format, on the shipped base.

python -m benchmarks.rounding
"""

import tempfile
from pathlib import Path

import torch
import typer
from safetensors.torch import load_file, save_file
from tabulate import tabulate

from alpharl_bench.checkpoints import open_run
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.variants import rank
from alpharl_bench.variants.extract import extract
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.rounding import FORMATS

_CONFIG = "config.json"


def main() -> None:
    """Move the base at random by a part of its norm, take Rank-1 of that, print what is left."""
    shipped = base_folder(load_registry().model("qwen3-switch"))
    base = {
        name: tensor.bfloat16() for name, tensor in load_file(shipped / "model.safetensors").items()
    }
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        start = _save(Path(scratch) / "base", base, shipped)
        for relative in (1e-2, 1e-3, 1e-4):
            torch.manual_seed(0)
            moved = {name: _moved(tensor, relative) for name, tensor in base.items()}
            trained = _save(Path(scratch) / f"moved-{relative:g}", moved, shipped)
            source = UpdateSource(open_run(trained, start))
            done = extract(source, rank(1), Path(scratch) / f"out-{relative:g}", form="merged")
            for form in FORMATS:
                left = done.rounding(form)
                shares = (f"{left.kept:.3f}", f"{left.error:.1e}", f"{left.changed_share:.0%}")
                rows.append((f"{relative:.2%}", form, done.dtypes[form], *shares))
    headers = ("‖ΔW‖ / ‖W‖", "format", "dtype", "norm kept", "error / norm", "weights changed")
    typer.echo(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


def _moved(tensor: torch.Tensor, relative: float) -> torch.Tensor:
    """Float32, so that the update itself is whole: only what is written is rounded."""
    noise = torch.randn(tensor.shape)
    scale = relative * float(torch.linalg.vector_norm(tensor.float())) / float(noise.norm())
    return tensor.float() + scale * noise


def _save(folder: Path, tensors: dict[str, torch.Tensor], shipped: Path) -> Path:
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / _CONFIG).write_text((shipped / _CONFIG).read_text(encoding="utf-8"))
    return folder


if __name__ == "__main__":
    typer.run(main)
