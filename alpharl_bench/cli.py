"""The command ``alpharl-bench``: base models, runs and reports outside pytest."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from alpharl_bench.command_line import run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.option_types import (
    MOST,
    argument,
    existing_file,
    existing_folder,
    existing_path,
    new_folder,
    number,
    option,
    rank,
    reference,
    require_writable,
    scale,
    share,
    whole_number,
    word,
    writable_folder,
)
from alpharl_bench.terminal import echo
from alpharl_bench.zoo_cli import zoo

# Repeated from the modules that own them: importing those would slow down --help.
Anchor = Literal["base", "checkpoint"]
Format = Literal["peft", "vllm", "merged"]
Dtype = Literal["float32", "bfloat16", "float16"]

app = typer.Typer(
    help="Test claims about RL weight dynamics on any training run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(zoo, name="zoo")


def main() -> None:
    """Run the command; what goes wrong is one line on standard error and exit code 2."""
    sys.exit(run(app))


# Everything after the names of suites is passed to pytest unchanged.
@app.command(
    "judge", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
def judge(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SUITE]... [OPTION]...",
            help="Suites by name, as property1 (default: all; a wrong name lists them), then "
            "pytest options: `alpharl-bench judge property1 --help` lists them.",
        ),
    ] = None,
) -> None:
    """Judge claims on runs: pytest runs the suites, and the report is written to ./reports."""
    import pytest

    from alpharl_bench.invocation import pytest_arguments

    given = words or []
    first = next((i for i, word in enumerate(given) if word.startswith("-")), len(given))
    raise typer.Exit(pytest.main(pytest_arguments(given[:first], given[first:])))


_Run = Annotated[
    str,
    argument("A folder of checkpoints of any trainer, or org/name on the Hub.", reference, "RUN"),
]
_Base = Annotated[
    str | None,
    option(
        "The model that the run started from: a folder, org/name or org/name@revision.",
        reference,
        "REF",
    ),
]

_NewFolder = Annotated[
    Path,
    option("The folder to write; it must not exist.", new_folder, "DIR"),
]
_Dtype = Annotated[
    Dtype | None, typer.Option(help="Output dtype; default: the base's, for adapters float32.")
]
_Device = Annotated[str, option("auto, cpu or cuda.", word, "NAME")]


@app.command("doctor")
def doctor(
    run: _Run,
    base: _Base = None,
    deep: Annotated[
        bool, typer.Option(help="Read every tensor: find NaN, truncated files, no-op updates.")
    ] = False,
) -> None:
    """Print what was found of a training run, and what prevents judging it."""
    from alpharl_bench.doctor import examine

    diagnosis = examine(run, base, deep=deep)
    echo(diagnosis.text())
    if diagnosis.faults:
        raise typer.Exit(1)


@app.command("extract")
def extract(
    base: Annotated[
        str,
        option("The model that training started from.", reference, "REF"),
    ],
    checkpoint: Annotated[
        str,
        option("The trained model or LoRA adapter.", reference, "REF"),
    ],
    out: _NewFolder,
    size: Annotated[
        str,
        option(
            "Rank to keep per matrix: a number, or a share as 1% of min(m, n).", rank, "K", "--rank"
        ),
    ] = "1",
    alpha: Annotated[
        float,
        option("Scale of the norm-matched update.", scale, "X"),
    ] = 1.0,
    subspace: Annotated[
        int | None,
        option("Keep only this singular subspace, counted from 1.", whole_number(1), "I"),
    ] = None,
    anchor: Annotated[Anchor, typer.Option(help="What the update is added to.")] = "base",
    form: Annotated[
        Format,
        typer.Option("--format", help="An adapter for peft or vLLM, or a merged folder."),
    ] = "peft",
    dtype: _Dtype = None,
    embeddings: Annotated[
        bool, typer.Option(help="Also update token embeddings and output head.")
    ] = False,
    device: _Device = "auto",
) -> None:
    """Write a low-rank part of a checkpoint's update as a model (§2.1 of the paper)."""
    import torch

    from alpharl_bench.checkpoints import open_checkpoint
    from alpharl_bench.device import resolved_device
    from alpharl_bench.reporting.extraction import describe
    from alpharl_bench.variants.extract import extract as write
    from alpharl_bench.variants.materialise import UpdateSource
    from alpharl_bench.variants.spec import parse_part

    variant = parse_part(size, subspace, alpha)
    run = open_checkpoint(checkpoint, base)
    source = UpdateSource(run, resolved_device(device), embeddings=embeddings)
    kind = getattr(torch, dtype) if dtype else None
    done = write(source, variant, out, form=form, anchor=anchor, dtype=kind)
    echo(describe(done, variant, out))


def _list_methods(wanted: bool) -> None:
    if wanted:
        from alpharl_bench.reporting.forecast_summary import list_methods

        echo(list_methods())
        raise typer.Exit


@app.command("forecast")
def forecast(
    run: Annotated[
        str,
        option("The run: a folder, or org/name on the Hub.", reference, "REF"),
    ],
    method: Annotated[
        str,
        option("alpharl, relex, expo, …; --list prints all.", word, "NAME"),
    ],
    out: _NewFolder,
    base: _Base = None,
    observed: Annotated[
        float,
        option("Fraction of the training that the method may use.", share, "X"),
    ] = 0.4,
    target: Annotated[
        float | None,
        option(
            "Accuracy to reach (alpharl), or step (others; default: the last).",
            number(-MOST, MOST),
            "X",
        ),
    ] = None,
    total_steps: Annotated[
        int | None,
        option("Length of the training; default: its last checkpoint.", whole_number(1), "N"),
    ] = None,
    accuracies: Annotated[
        Path | None,
        option("JSON or CSV by step; default: a file in the run's folder.", existing_file, "FILE"),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Default: peft if an adapter suffices, else merged."),
    ] = None,
    dtype: _Dtype = None,
    device: _Device = "auto",
    _list: Annotated[
        bool,
        typer.Option(
            "--list", help="Print all methods and exit.", is_eager=True, callback=_list_methods
        ),
    ] = False,
) -> None:
    """Predict the trained model from the first part of its training (§4 of the paper)."""
    import torch

    from alpharl_bench.checkpoints import open_run
    from alpharl_bench.device import resolved_device
    from alpharl_bench.forecast import observe
    from alpharl_bench.forecast.make import make
    from alpharl_bench.forecast.options import chosen_accuracies, chosen_method, chosen_target
    from alpharl_bench.reporting.forecast_summary import describe

    chosen = chosen_method(method)
    opened = open_run(run, base)
    prefix = observe(opened, observed, total_steps=total_steps, device=resolved_device(device))
    found = chosen_accuracies(chosen, run, accuracies, prefix)
    if found is not None:
        prefix = prefix.scored(found.values)
    done = make(
        chosen,
        prefix,
        chosen_target(chosen, target, prefix),
        out,
        accuracies=found,
        form=form,
        dtype=getattr(torch, dtype) if dtype else None,
    )
    echo(describe(done, out))


@app.command("report")
def report(
    folders: Annotated[
        list[Path],
        argument("Folders that --report DIR wrote.", existing_folder, "DIR..."),
    ],
    out: Annotated[
        Path | None,
        option("The folder to write; required to merge several.", writable_folder, "DIR"),
    ] = None,
) -> None:
    """Write a report again from its stored scores; no model is loaded.

    Several folders, for example of several hosts, are merged; duplicates count once.
    """
    from alpharl_bench.reporting import merge_sessions, write_report

    if out is None and len(folders) > 1:
        raise AlphaRLBenchError(
            f"report {' '.join(map(str, folders))}: name the folder of the merged report by --out"
        )
    if out is None:
        require_writable(folders[0])
    else:
        merge_sessions(folders).save(out)
    echo(f"wrote {write_report(out or folders[0])}")


@app.command("paper")
def paper(
    arxiv: Annotated[
        str | None,
        argument("arXiv id of the paper; default: 2510.00553.", word, "ARXIV"),
    ] = None,
) -> None:
    """Print the contradictions among a paper's own numbers, with the arithmetic."""
    from alpharl_bench.reporting.paper import errata

    echo(errata(arxiv))


@app.command("compare")
def compare(
    old: Annotated[
        Path,
        argument("A report folder, or its results.json.", existing_path, "OLD"),
    ],
    new: Annotated[
        Path,
        argument("The same of the newer session.", existing_path, "NEW"),
    ],
) -> None:
    """Print what changed between two reports; exit code 1 means that something got worse.

    Worse means: a verdict supports less, unless the registry expects the refutation, or the
    accuracy of the base or trained model fell significantly.
    """
    from alpharl_bench.reporting.compare import compare as compared

    found = compared(old, new)
    echo(found.markdown())
    if found.regressed:
        raise typer.Exit(1)
