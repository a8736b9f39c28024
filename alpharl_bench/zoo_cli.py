"""The commands ``alpharl-bench zoo``: train, list and remove the registry's models and runs."""

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.option_types import argument, new_folder, option, whole_number, word
from alpharl_bench.terminal import echo, echo_error

if TYPE_CHECKING:
    from alpharl_bench.registry import Registry, RunEntry

# Repeated from the registry: importing it would slow down --help.
Lane = Literal["nano", "smol", "paper"]

zoo = typer.Typer(help="The models and runs of the registry.", no_args_is_help=True)

_Runs = Annotated[
    list[str] | None,
    argument("Runs by name or pattern, as 'qwen3-*'; see `zoo list`.", word, "RUN..."),
]


@zoo.command("list")
def list_runs(
    lane: Annotated[
        Lane | None, typer.Option(help="Only this lane; paper: public runs and their requirements.")
    ] = None,
) -> None:
    """List all runs of the registry with recipe, size on disk and training status."""
    from alpharl_bench.registry import load_registry
    from alpharl_bench.zoo_tables import listing, released

    if lane == "paper":
        echo(released(load_registry()).to_markdown(index=False))
        echo(
            "\na pair: weights of base and last checkpoint; float32, bfloat16: memory of the model "
            "with the KV cache of its longest sequence; here: the part of base and checkpoints "
            "that is in the Hub's cache"
        )
        return
    echo(listing(load_registry(), lane).to_markdown(index=False))
    echo(
        "\ncore: judged where a session names no run; "
        "size: float32 weights of all checkpoints; in bfloat16 the updates would vanish"
    )


@zoo.command("status")
def status() -> None:
    """Print time, size and accuracy of the trained runs, and the disk use of the cache."""
    from alpharl_bench.registry import load_registry
    from alpharl_bench.zoo_tables import disk_line
    from alpharl_bench.zoo_tables import status as table

    found = table(load_registry())
    echo("no run is trained" if found.empty else found.to_markdown(index=False))
    echo(f"\n{disk_line()}")


@zoo.command("train")
def train(
    runs: _Runs = None,
    everything: Annotated[bool, typer.Option("--all", help="Every run of the registry.")] = False,
    workers: Annotated[
        int | None,
        option("Number of parallel trainings; default: one per core.", whole_number(1), "N"),
    ] = None,
) -> None:
    """Train runs into the cache; interrupted runs resume from their last checkpoint.

    Each training uses one thread. If one fails, the others continue, and the exit code is 1.
    """
    from alpharl_bench.registry import load_registry
    from alpharl_bench.runs.parallel import train_all
    from alpharl_bench.runs.status import training_status

    registry = load_registry()
    entries = chosen(runs or [], registry, everything=everything)
    faults = train_all(entries, registry, workers)
    for entry in entries:
        if entry.name not in faults:
            echo(f"{entry.name}: {training_status(entry, registry).folder}")
    for name, fault in faults.items():
        echo_error(f"failed: {name}: {fault}")
    if faults:
        raise typer.Exit(1)


@zoo.command("clean")
def clean(
    runs: _Runs = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All runs, pretrained bases and decomposed updates.")
    ] = False,
    stale: Annotated[
        bool, typer.Option(help="Entries that match no recipe or installed library any more.")
    ] = False,
    interrupted: Annotated[bool, typer.Option(help="Runs that are incomplete.")] = False,
    decompositions: Annotated[
        bool, typer.Option(help="Decomposed updates; they are recomputed on demand.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove runs from the cache and print the freed disk space. Scores are kept.

    Unfinished folders that killed commands left, in the cache or beside --out, go too.
    """
    from alpharl_bench.cache import sweep_unfinished_folders
    from alpharl_bench.formatting import size_text
    from alpharl_bench.registry import load_registry
    from alpharl_bench.runs.cleaning import kept, remove
    from alpharl_bench.zoo_tables import kept_table

    if not (runs or everything or stale or interrupted or decompositions):
        raise AlphaRLBenchError(
            "zoo clean: name runs, or --stale, --interrupted, --decompositions or --all"
        )
    sweep_unfinished_folders()
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
        echo("nothing to remove")
        return
    echo(kept_table(going).to_markdown(index=False))
    total = sum(k.bytes for k in going)
    if not yes:
        typer.confirm(f"remove these, {size_text(total)}?", abort=True)
    freed = 0
    for k in going:
        size, left = k.bytes, remove(k)
        if left:
            echo_error(f"not removed: {k.folder}: {left}")
        else:
            freed += size
    echo(f"freed {size_text(freed)}")


@zoo.command("build-base")
def build_base(
    model: Annotated[
        str,
        argument("A model of the registry, for example qwen3-carry.", word, "MODEL"),
    ],
    out: Annotated[
        Path | None,
        option("The folder to write (./MODEL); it must not exist.", new_folder, "DIR"),
    ] = None,
) -> None:
    """Pretrain a base model by its recipe (qwen3-carry: about four minutes on two cores)."""
    from alpharl_bench.cache import whole_folder
    from alpharl_bench.registry import load_registry
    from alpharl_bench.training.base import build_base as build

    entry = load_registry().model(model)
    folder = out or new_folder(model)
    with whole_folder(folder.absolute(), replace=False) as scratch:
        build(entry, scratch)
    echo(f"wrote {folder}")


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
