"""What `alpharl-bench forecast` prints: the methods; of a forecast, its cost and how sure it is."""

from pathlib import Path

import pandas as pd

from alpharl_bench.forecast import all_methods
from alpharl_bench.forecast.make import RECORD, Forecast
from alpharl_bench.formatting import size_text
from alpharl_bench.reporting.tables import markdown

_READS = (
    "How sure: the forecast against forecasts that were made without one of the checkpoints, and "
    "against the last observed checkpoint as it is. distance: ‖difference‖ over the norm of the "
    "forecast's update."
)


def list_methods() -> str:
    """A table of the methods whose predictions can be written.

    Raises:
        AlphaRLBenchError: an installed method cannot be used.
    """
    rows = [
        {
            "--method": method.name,
            "title": method.title,
            "reference": method.reference,
            "--target": method.forecaster.needs or "none",
            "checkpoints": f"at least {method.forecaster.least}",
        }
        for method in all_methods().values()
        if not method.scored_only
    ]
    return markdown(pd.DataFrame(rows))


def describe(forecast: Forecast, folder: Path) -> str:
    """A few lines and a table for the terminal."""
    lines = [
        f"{folder}: {_what(forecast)}",
        "",
        f"Used: {_used(forecast)}",
        f"Cost: {_cost(forecast)}",
        *(
            f"Of the last observed checkpoint: {line}"
            for line in forecast.coverage.lines(whole=forecast.whole)
        ),
    ]
    if (fit := forecast.quality) is not None:
        lines.append(
            f"Fit: R² {fit.r_squared:.3f}, mean over matrices; of shuffled accuracies "
            f"{fit.permuted.mean():.3f} in the mean, {fit.chance:.1%} of them as good"
        )
    lines += ["", _READS, "", markdown(_table(forecast))]
    lines += [f"\nWARNING: {warning}" for warning in forecast.warnings]
    return "\n".join([*lines, "", f"All of it: {folder / RECORD}"])


def _what(forecast: Forecast) -> str:
    target = forecast.target
    goal = {
        "accuracy": f"the model of accuracy {target.accuracy}",
        "step": f"the model of step {target.step:g}" if target.step is not None else "",
        None: "the model",
    }[forecast.method.forecaster.needs]
    return (
        f"{goal} as {forecast.method.name} predicts it ({forecast.method.title}: "
        f"{forecast.method.reference}), format {forecast.form}"
    )


def _used(forecast: Forecast) -> str:
    prefix = forecast.prefix
    seen = (
        f"{len(prefix.steps)} checkpoints, steps {', '.join(map(str, prefix.steps))}: "
        f"{prefix.fraction:.0%} of {prefix.total_steps}"
    )
    if forecast.accuracies is None or prefix.accuracies is None:
        return f"{seen}; no accuracies"
    values = ", ".join(f"{accuracy:.3g}" for accuracy in prefix.accuracies)
    return f"{seen}; {forecast.accuracies.measure} {values} from {forecast.accuracies.source}"


def _cost(forecast: Forecast) -> str:
    needed = len(forecast.prefix.steps) if forecast.accuracies is not None else 0
    times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in forecast.seconds.items())
    return (
        f"{forecast.files} files of {size_text(forecast.bytes)} read; {times}; accuracies of "
        f"{needed} checkpoints needed"
    )


def _table(forecast: Forecast) -> pd.DataFrame:
    sure = forecast.stability
    rows = [
        (f"without step {step}", cosine, distance)
        for step, cosine, distance in zip(sure.left_out, sure.cosines, sure.distances, strict=True)
    ]
    rows += [
        ("last observed checkpoint", sure.last_cosine, sure.last_distance),
        ("the same in the forecast's form", sure.no_op_cosine, sure.no_op_distance),
    ]
    return pd.DataFrame(
        {
            "against": [row[0] for row in rows],
            "cosine": [f"{row[1]:.4f}" for row in rows],
            "distance": [f"{row[2]:.4f}" for row in rows],
        }
    )
