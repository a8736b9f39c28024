"""The commands ``alpharl-bench zoo``: what the registry knows, made and kept in the cache."""

import sys
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from alpharl_bench.errors import AlphaRLBenchError

if TYPE_CHECKING:
    from alpharl_bench.registry import Registry, RunEntry

# Repeated from the registry: importing it would slow down --help.
Lane = Literal["nano", "smol", "paper"]

zoo = typer.Typer(help="The models and runs of the registry.", no_args_is_help=True)

_Runs = Annotated[
    list[str] | None, typer.Argument(help="Runs by name or pattern, as 'qwen3-*'; see `zoo list`.")
]


@zoo.command("list")
def list_runs(
    lane: Annotated[
        Lane | None, typer.Option(help="Of this lane alone; paper: public runs, what they take.")
    ] = None,
) -> None:
    """List every run that is trained here: its recipe, its cost on disk, how far it is."""
    from alpharl_bench.registry import load_registry
    from alpharl_bench.zoo_tables import listing, released

    if lane == "paper":
        typer.echo(released(load_registry()).to_markdown(index=False))
        typer.echo(
            "\na pair: weights of base and last checkpoint; float32, bfloat16: memory of the model "
            "that answers, with keys and values of its longest sequence; here: of base and "
            "checkpoints, what the Hub's cache has"
        )
        return
    typer.echo(listing(load_registry(), lane).to_markdown(index=False))
    typer.echo("\nsize: float32 weights of all checkpoints; in bfloat16 the updates would vanish")


@zoo.command("status")
def status() -> None:
    """Tell what was trained, what it took and what came of it, and what the cache holds."""
    from alpharl_bench.registry import load_registry
    from alpharl_bench.zoo_tables import disk_line
    from alpharl_bench.zoo_tables import status as table

    found = table(load_registry())
    typer.echo("no run is trained" if found.empty else found.to_markdown(index=False))
    typer.echo(f"\n{disk_line()}")


@zoo.command("train")
def train(
    runs: _Runs = None,
    everything: Annotated[bool, typer.Option("--all", help="Every run of the registry.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Runs that train at a time; one per core by default.")
    ] = None,
) -> None:
    """Train runs into the cache; one that was interrupted goes on from its last checkpoint.

    Each takes one thread. Where some fail the others go on, and the exit code is 1.
    """
    from alpharl_bench.registry import load_registry
    from alpharl_bench.runs.parallel import train_all
    from alpharl_bench.runs.status import training_status

    registry = load_registry()
    entries = chosen(runs or [], registry, everything=everything)
    try:
        faults = train_all(entries, registry, workers)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on from the last checkpoints\n")
        raise typer.Exit(130) from None
    for entry in entries:
        if entry.name not in faults:
            typer.echo(f"{entry.name}: {training_status(entry, registry).folder}")
    for name, fault in faults.items():
        sys.stderr.write(f"failed: {name}: {fault}\n")
    if faults:
        raise typer.Exit(1)


@zoo.command("clean")
def clean(
    runs: _Runs = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All runs, pretrained bases and decomposed updates.")
    ] = False,
    stale: Annotated[
        bool, typer.Option(help="What no recipe or installed library stands for any more.")
    ] = False,
    interrupted: Annotated[bool, typer.Option(help="Runs that are not whole.")] = False,
    decompositions: Annotated[
        bool, typer.Option(help="Decomposed updates; they are made again when asked for.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove runs from the cache, and say what that frees. Scores are kept."""
    from alpharl_bench.formatting import size_text
    from alpharl_bench.registry import load_registry
    from alpharl_bench.runs.cleaning import kept, remove
    from alpharl_bench.zoo_tables import kept_table

    if not (runs or everything or stale or interrupted or decompositions):
        raise AlphaRLBenchError(
            "zoo clean: name runs, or --stale, --interrupted, --decompositions or --all"
        )
    registry = load_registry()
    there = kept(registry)
    _require_known(runs or [], {*registry.runs, *(k.name for k in there if k.kind == "run")})
    going = [
        k
        for k in there
        if everything
        or (stale and k.stale)
        or (interrupted and not k.whole)
        or (decompositions and k.kind == "decomposition")
        or (k.kind == "run" and _matches(k.name, runs or []))
    ]
    if not going:
        typer.echo("nothing to remove")
        return
    typer.echo(kept_table(going).to_markdown(index=False))
    total = sum(k.bytes for k in going)
    if not yes:
        typer.confirm(f"remove these, {size_text(total)}?", abort=True)
    freed = 0
    for k in going:
        size, left = k.bytes, remove(k)
        if left:
            sys.stderr.write(f"left alone: {k.folder}: {left}\n")
        else:
            freed += size
    typer.echo(f"freed {size_text(freed)}")


@zoo.command("build-base")
def build_base(
    model: Annotated[str, typer.Argument(help="A model of the registry, as qwen3-nano.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder to write, ./MODEL by default; not there yet.")
    ] = None,
) -> None:
    """Pretrain a base model by its recipe (qwen3-nano: about six minutes on two cores)."""
    from alpharl_bench.cache import whole_folder
    from alpharl_bench.registry import load_registry
    from alpharl_bench.training.base import build_base as build

    entry = load_registry().model(model)
    folder = out or Path(model)
    if folder.exists():
        raise AlphaRLBenchError(f"--out {folder}: is there already; name a new folder")
    with whole_folder(folder.absolute()) as scratch:
        build(entry, scratch)
    typer.echo(f"wrote {folder}")


def chosen(patterns: Sequence[str], registry: "Registry", *, everything: bool) -> list["RunEntry"]:
    """The runs that names and patterns ask for, each once, in the registry's order.

    Raises:
        AlphaRLBenchError: a pattern fits no run, or there is none.
    """
    if everything:
        return list(registry.runs.values())
    if not patterns:
        raise AlphaRLBenchError("zoo train: name runs, as 'qwen3-*' (see `zoo list`), or --all")
    _require_known(patterns, registry.runs)
    return [run for name, run in registry.runs.items() if _matches(name, patterns)]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _require_known(patterns: Sequence[str], names: Collection[str]) -> None:
    from alpharl_bench.registry import unknown

    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise AlphaRLBenchError(unknown("run", pattern, names))
