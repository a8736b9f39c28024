"""How alike the updates of runs of one base are: which of them are one run, by another name.

``python -m benchmarks.updates qwen3-carry`` compares the final updates ΔW of all trained runs of a
base with that of its first one: the cosine of ΔW over all modules, that of their Rank-1 matrices,
and the norm. Runs whose cosine is as high as that of two seeds of one recipe are replicates of one
thing, whatever their algorithms are called. A contrast between two kinds of training is controlled
where the norms are within 20 % of each other and the data are of one distribution.
"""

import math
from collections.abc import Mapping

import pandas as pd
import torch
import typer

from alpharl_bench.checkpoints import compare, open_weights
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.status import training_status
from alpharl_bench.runs.trained import TrainedRun

#: Norms are matched within this part.
MATCHED = 0.2


def update(run: str) -> Mapping[str, torch.Tensor]:
    """The final ΔW of a trained run, by module, float32."""
    registry = load_registry()
    opened = TrainedRun(registry.run(run), registry).open().run
    base = open_weights(opened.base)
    trained = opened.final.weights(base)
    names = compare(base, trained).require()
    return {name: trained.tensor(name).float() - base.tensor(name).float() for name in names}


def rank1(whole: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """The Rank-1 matrix of every module, scaled to the norm of its ΔW."""
    found = {}
    for name, matrix in whole.items():
        left, _, right = torch.linalg.svd(matrix, full_matrices=False)
        found[name] = matrix.norm() * torch.outer(left[:, 0], right[0])
    return found


def inner(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    """The inner product of two updates over all modules."""
    return float(sum((one[name] * other[name]).sum() for name in one))


def cosine(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    """The cosine between two updates."""
    return inner(one, other) / math.sqrt(inner(one, one) * inner(other, other))


def main(model: str) -> None:
    """Print the table of one base.

    Args:
        model: the base.
    """
    registry = load_registry()
    runs = [
        run.name
        for run in registry.runs.values()
        if run.model == model and training_status(run, registry).state == "trained"
    ]
    if not runs:
        raise typer.BadParameter(f"no run of {model} is trained; `alpharl-bench zoo train` does")
    first = next((run for run in runs if run.endswith("-grpo")), runs[0])
    against = update(first)
    against_rank1, rows = rank1(against), []
    for run in runs:
        own = update(run)
        norm = (inner(own, own) / inner(against, against)) ** 0.5
        rows.append(
            {
                "run": run,
                "kind": registry.algorithms[registry.run(run).algorithm].kind,
                f"cosine with {first}": f"{cosine(own, against):.2f}",
                "of Rank-1": f"{cosine(rank1(own), against_rank1):.2f}",
                "‖ΔW‖ over its": f"{norm:.2f}",
                "norm matched": "yes" if abs(norm - 1) <= MATCHED else "no",
            }
        )
    rows.sort(key=lambda row: -float(row["of Rank-1"]))
    typer.echo(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    typer.run(main)
