"""Collect the wheels that a machine without a network lacks for the GPU acceptance.

    python3 -m pip list --format=freeze > there.txt        # on that machine
    python -m benchmarks.gpu_wheels there.txt --python 3.12 --out DIR
    python3 -m pip install --no-index --no-deps DIR/*.whl  # on that machine again

What is needed is what :mod:`benchmarks.gpu_acceptance` imports here, in the versions of this
environment; what the other machine has stays as it is there.
"""

import subprocess
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Annotated

import typer

from alpharl_bench.formatting import size_text

_MODULES = "import sys, benchmarks.gpu_acceptance; print(*sys.modules)"
#: Distributions of the project itself.
_OWN = {"alpharl-bench"}


def needed() -> dict[str, str]:
    """The versions of all distributions that the acceptance imports, by normal name."""
    # In a process of its own, which has imported nothing else.
    said = subprocess.run(
        [sys.executable, "-c", _MODULES], check=True, capture_output=True, text=True
    )
    known, tops = packages_distributions(), {name.partition(".")[0] for name in said.stdout.split()}
    found = {_normal(name): name for top in tops for name in known.get(top, ())}
    return {normal: version(name) for normal, name in found.items() if normal not in _OWN}


def lacking(needed: dict[str, str], there: str) -> list[str]:
    """The requirements that are not in a list of ``name==version`` lines.

    A version of another machine is not replaced: with its torch it was installed together.
    """
    has = {_normal(line.partition("==")[0]) for line in there.splitlines() if "==" in line}
    return [f"{name}=={needed[name]}" for name in sorted(needed.keys() - has)]


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def main(
    there: Annotated[Path, typer.Argument(help="What `pip list --format=freeze` says there.")],
    out: Annotated[Path, typer.Option(help="Gets the wheels.")],
    python: Annotated[str, typer.Option(help="The machine's version of Python.")] = "3.12",
    most: Annotated[int, typer.Option(help="MiB that all wheels may have.")] = 64,
) -> None:
    """Download them, and say how they are installed."""
    missing = lacking(needed(), there.read_text(encoding="utf-8"))
    if not missing:
        typer.echo("nothing is lacking there")
        return
    options = ["--no-deps", "--only-binary=:all:", f"--python-version={python}"]
    platforms = [f"--platform=manylinux{tag}_x86_64" for tag in ("_2_28", "_2_17", "2014")]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", f"--dest={out}"]
    done = subprocess.run([*pip, *options, *platforms, *missing], check=False)
    if done.returncode:
        raise SystemExit(f"pip could not fetch all of {' '.join(missing)}; its own words are above")
    size = sum(wheel.stat().st_size for wheel in out.glob("*.whl"))
    typer.echo(f"{len(missing)} wheels, {size_text(size)}: {' '.join(missing)}")
    if size > most * 2**20:
        raise SystemExit(f"{size_text(size)} are more than the {most} MiB of --most")
    typer.echo(f"there: python3 -m pip install --no-index --no-deps {out}/*.whl")


if __name__ == "__main__":
    typer.run(main)
