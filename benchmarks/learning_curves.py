"""Learning curves of the zoo's trained runs: what quick and slow regimes were chosen by.

``python -m benchmarks.learning_curves`` prints, for every run in the cache that is trained, its own
training figure (accuracy of the responses drawn, loss, or the share of forbidden moves) around 10,
20, 40, 60, 80 and 100 % of its steps, and what part of the change had come by 80 %.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import typer

from alpharl_bench.registry import load_registry
from alpharl_bench.runs.status import training_status
from alpharl_bench.training.history import figure, history

_SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
#: A step sees 16 prompts: a point of the curve is the mean over this part of the run before it.
_WINDOW = 0.1


def at(values: Sequence[float], share: float) -> float:
    """The mean of the steps up to ``share`` of a run, over its last tenth."""
    end = round(share * len(values))
    return float(np.mean(values[max(0, end - max(1, round(_WINDOW * len(values)))) : end]))


def main() -> None:
    """Print the table."""
    registry = load_registry()
    rows = []
    for run in registry.runs.values():
        found = training_status(run, registry)
        if found.state != "trained":
            continue
        name = figure(registry.algorithms[run.algorithm])
        values = [float(step[name]) for step in history(found.folder) if name in step]
        points = {f"{share:.0%}": at(values, share) for share in _SHARES}
        first, late, last = (points[share] for share in ("10%", "80%", "100%"))
        rows.append(
            {
                "run": run.name,
                "steps": len(values),
                "figure": name,
                **{share: f"{value:.3f}" for share, value in points.items()},
                "by 80%": f"{(late - first) / (last - first):.0%}" if last != first else "–",
            }
        )
    typer.echo(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    typer.run(main)
