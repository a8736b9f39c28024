"""The command ``alpharl-bench``: base models, runs and reports outside pytest."""

import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from alpharl_bench.errors import AlphaRLBenchError

app = typer.Typer(
    help="Test claims about RL weight dynamics. The claims themselves: `pytest suites`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
zoo = typer.Typer(help="The models and runs of the nano lane.", no_args_is_help=True)
app.add_typer(zoo, name="zoo")


def main() -> None:
    """Run the command; a user's mistake is one line on standard error and exit code 2."""
    try:
        app()
    except AlphaRLBenchError as error:
        sys.exit(_fail(f"alpharl-bench: {error}"))


def _fail(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 2


@zoo.command("list")
def list_runs() -> None:
    """List every run of the registry and whether the cache holds it."""
    from alpharl_bench.registry import load_registry
    from alpharl_bench.training.zoo import is_trained

    registry = load_registry()
    rows = [
        {
            "run": run.name,
            "model": run.model,
            "algorithm": run.algorithm,
            "steps": registry.algorithms[run.algorithm].config["max_steps"],
            "trained": "yes" if is_trained(run, registry) else "no",
        }
        for run in registry.runs.values()
    ]
    typer.echo(pd.DataFrame(rows).to_markdown(index=False))


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


@zoo.command("train")
def train(
    runs: Annotated[list[str], typer.Argument(help="Runs of the registry; see `zoo list`.")],
) -> None:
    """Train runs into the cache; one that was interrupted goes on from its last checkpoint."""
    from alpharl_bench.registry import load_registry
    from alpharl_bench.training.zoo import trained

    registry = load_registry()
    for entry in [registry.run(name) for name in runs]:
        run = trained(entry, registry).run
        typer.echo(f"{run.name}: {len(run.checkpoints)} checkpoints in {run.final.path.parent}")


@app.command("report")
def report(
    folder: Annotated[Path, typer.Argument(help="What `pytest suites --report DIR` left.")],
) -> None:
    """Make a report again from its stored scores; no model is loaded."""
    from alpharl_bench.reporting import write_report

    typer.echo(f"wrote {write_report(folder)}")
