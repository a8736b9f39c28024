"""What the measures of Property 2 say of noise and of random walks: nothing was learned in either.

    python -m benchmarks.noise_r2

Checkpoints and width are those of real runs: 9 checkpoints are what AlphaRL fits on, 27 what the
paper's longest run has, 4096 is the width of a model of 8 billion parameters. docs/dynamics.md
explains the tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from tabulate import tabulate

from alpharl_bench.dynamics import (
    NULLS,
    Rolling,
    align,
    leave_one_out,
    r_squared,
    rolling,
    rotation,
    smoothness,
)
from alpharl_bench.dynamics.linearity import LINEAR, projection, weight_r_squared
from alpharl_bench.dynamics.nulls import walk, walk_gram

CHECKPOINTS = (9, 18, 27, 50)
WIDTHS = (32, 128, 512, 1024, 4096)
#: The width at which all but the first tables are made.
_WIDTH = 1024
_METHODS = ("last checkpoint", "PLS at the step", "projection at the step")


@dataclass(frozen=True)
class Fits:
    """Means over repetitions of R² in sample and leaving one checkpoint out."""

    in_sample: float
    left_out: float

    def __str__(self) -> str:
        """As in a table: ``0.994 (−0.11)``."""
        return f"{self.in_sample:.3f} ({self.left_out:.2f})".replace("-", "−")


def accuracies(checkpoints: int) -> np.ndarray:
    """A learning curve (T,) that rises from 0.3 and saturates."""
    return 0.3 + 0.4 * (1 - np.exp(-3 * np.arange(1, checkpoints + 1) / checkpoints))


def expected(checkpoints: int, width: int) -> float:
    """About the R² of noise: 1 / (1 + (T − 1)(T − 2) / ((T + 1) m))."""
    return 1 / (1 + (checkpoints - 1) * (checkpoints - 2) / ((checkpoints + 1) * width))


def fits(null: str, checkpoints: int, width: int, repetitions: int, seed: int = 0) -> Fits:
    """Fit draws of a null of a walk with steps of one length, on a saturating learning curve.

    Args:
        null: one of :data:`alpharl_bench.dynamics.NULLS`.
        checkpoints: T.
        width: m.
        repetitions: how many draws.
        seed: fixes them.
    """
    rng = np.random.default_rng(seed)
    y = accuracies(checkpoints)
    path = walk(np.ones(checkpoints), width, rng)
    draws = [NULLS[null](path, y, rng) for _ in range(repetitions)]
    return Fits(
        float(np.mean([r_squared(*draw) for draw in draws])),
        float(np.mean([leave_one_out(*draw) for draw in draws])),
    )


def forecasts(checkpoints: int, width: int, repetitions: int, seed: int = 0) -> list[Rolling]:
    """Rolling-origin forecasts of random walks whose steps have one length."""
    rng = np.random.default_rng(seed)
    steps, v = np.arange(1, checkpoints + 1), np.ones((checkpoints, 1))
    found = []
    for _ in range(repetitions):
        x = walk(np.ones(checkpoints), width, rng)
        length = np.linalg.norm(x, axis=1)
        path = align("walk", steps, x / length[:, None], length, v, length)
        found.append(rolling(path, accuracies(checkpoints)))
    return found


def main(
    repetitions: Annotated[int, typer.Option(help="Draws of every cell.")] = 30,
) -> None:
    """Draw, measure, print the tables."""
    for null in ("noise", "random walk", "random directions"):
        typer.echo(_fit_table(null, repetitions) + "\n")
    typer.echo(_walk_table(repetitions) + "\n")
    typer.echo(_forecast_table(repetitions))


def _fit_table(null: str, repetitions: int) -> str:
    rows = [
        [str(count), *(str(fits(null, count, width, repetitions)) for width in WIDTHS)]
        for count in CHECKPOINTS
    ]
    return _table(rows, [f"{null}, checkpoints", *(f"width {width}" for width in WIDTHS)])


def _walk_table(repetitions: int) -> str:
    rows = []
    for count in CHECKPOINTS:
        rng = np.random.default_rng(0)
        steps = np.arange(1, count + 1)
        relex = projection(walk_gram(np.ones(count)), steps)
        places = [walk(np.ones(count), _WIDTH, rng) for _ in range(repetitions)]
        smooth = [smoothness(place, steps) for place in places]
        single = np.concatenate([weight_r_squared(place, steps) for place in places])
        units = [place / np.linalg.norm(place, axis=1, keepdims=True) for place in places]
        last = np.mean([rotation(unit)[-1] for unit in units])
        rows.append(
            [
                str(count),
                _seen([(relex.r_squared, relex.share)]),
                _seen([(one.r_squared, one.share) for one in smooth]),
                f"{np.median(single):.2f}",
                f"{(single > LINEAR).mean():.0%}",
                f"{last:.0f}°",
            ]
        )
    headers = [
        "random walk, checkpoints",
        "RELEX R² (share)",
        "first component R² (share)",
        "median R² of a weight",
        f"weights above {LINEAR}",
        "last turn",
    ]
    return _table(rows, headers)


def _seen(pairs: Sequence[tuple[float, float]]) -> str:
    """The means of R² and share of some projections."""
    fitted, share = np.mean(pairs, axis=0)
    return f"{fitted:.3f} ({share:.2f})"


def _forecast_table(repetitions: int) -> str:
    rows = []
    for count in CHECKPOINTS:
        found = forecasts(count, _WIDTH, repetitions)
        rows.append([str(count), *(_error(found, method) for method in _METHODS)])
    return _table(rows, ["random walk, checkpoints", *_METHODS])


def _error(found: Sequence[Rolling], method: str) -> str:
    """Medians over pairs and walks of the relative error, and of the cosine."""
    errors = [one.methods[method] for one in found]
    relative = np.median(np.concatenate([error.relative for error in errors]))
    cosine = np.median(np.concatenate([error.cosine for error in errors]))
    return f"{relative:.2f} ({cosine:.2f})"


def _table(rows: list[list[str]], headers: list[str]) -> str:
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    typer.run(main)
