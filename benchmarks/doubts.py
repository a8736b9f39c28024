"""Error rates of what is inferred from weights: a rounded base, and a checkpoint of another base.

python -m benchmarks.doubts
"""

import tempfile
from pathlib import Path

import torch
import typer
from safetensors.torch import save_file
from tabulate import tabulate

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.checkpoints.origin import unrelated

_NAME = "model.layers.0.mlp.up_proj.weight"


def main(draws: int = 200) -> None:
    """Draw bases and checkpoints whose history is known, and print what is said of them."""
    torch.manual_seed(0)
    typer.echo("A float32 base, a bfloat16 checkpoint: is the base rounded before ΔW is taken?\n")
    given = ("training starts from", "entries", "‖update‖ / ‖rounding‖", "base rounded")
    errors = ("error of ΔW: as decided", "never rounded", "always rounded")
    typer.echo(tabulate(_rounding(draws), (*given, *errors), tablefmt="github", floatfmt=".2g"))
    typer.echo("\nIs a checkpoint said to have nothing in common with its base?\n")
    columns = ("checkpoint", "entries of a matrix", "warnings")
    typer.echo(tabulate(_origins(draws), columns, tablefmt="github"))


def _rounding(draws: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for start in ("the rounded base", "the float32 base"):
        for size in (32, 256):
            for relative in (0.0, 0.1, 1.0, 10.0):
                found = [_rounded_once(start == "the rounded base", size, relative, draws)]
                rows += [(start, size * size, relative, *one) for one in found]
    return rows


def _rounded_once(rounded: bool, size: int, relative: float, draws: int) -> tuple[object, ...]:
    """How often the base is taken for rounded, and ‖ΔW − truth‖/‖rounding‖ of three ways."""
    decided, errors = 0, [0.0, 0.0, 0.0]
    for _ in range(draws):
        base = 0.02 * torch.randn(size, size)
        cast = base.bfloat16().float()
        unit = float((base - cast).norm())
        update = torch.randn(size, size)
        update *= relative * unit / update.norm()
        after = ((cast if rounded else base) + update).bfloat16()
        with tempfile.TemporaryDirectory() as scratch:
            before, trained = (
                _saved(Path(scratch) / name, [tensor])
                for name, tensor in (("base", base), ("trained", after))
            )
            said = trained.starts_rounded(before, _NAME)
            found = trained.delta(before, _NAME)
        decided += said
        ways = (found, after.float() - base, after.float() - cast)
        errors = [
            total + float((way - update).norm()) / unit / draws
            for total, way in zip(errors, ways, strict=True)
        ]
    return f"{decided} of {draws}", *errors


def _origins(draws: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for size in (8, 16, 64):
        for relative in (0.1, 1.0, 3.0, 6.0, 12.0):
            told = sum(_told(size, relative) for _ in range(draws))
            rows.append((f"‖ΔW‖ = {relative:g} ‖W‖", size * size, f"{told} of {draws}"))
        told = sum(_told(size, None) for _ in range(draws))
        rows.append(("another base's", size * size, f"{told} of {draws}"))
    return rows


def _told(size: int, relative: float | None) -> bool:
    """Of four layers; None: base and checkpoint were drawn apart."""
    base = [torch.randn(size, size) for _ in range(4)]
    drawn = [torch.randn(size, size) for _ in range(4)]
    after = drawn
    if relative is not None:
        after = [w + relative * d * w.norm() / d.norm() for w, d in zip(base, drawn, strict=True)]
    with tempfile.TemporaryDirectory() as scratch:
        before, trained = (
            _saved(Path(scratch) / name, tensors)
            for name, tensors in (("base", base), ("trained", after))
        )
        return bool(unrelated(before, trained, before.names))


def _saved(folder: Path, tensors: list[torch.Tensor]) -> WeightFiles:
    folder.mkdir()
    named = {_NAME.replace("0", str(layer), 1): one for layer, one in enumerate(tensors)}
    save_file(named, folder / "model.safetensors")
    return WeightFiles(folder)


if __name__ == "__main__":
    typer.run(main)
