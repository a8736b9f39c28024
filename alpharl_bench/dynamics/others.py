"""What others call linear (:mod:`alpharl_bench.dynamics.linearity`), in numbers that are kept.

Every figure stands beside that of a random walk whose steps are as long: of the whole ΔW, of each
weight, or of σ₁u₁ and σ₁v₁, from the base on. Those of drawn walks are means over draws.
"""

import numpy as np

from alpharl_bench.dynamics.linearity import ModuleLinearity, rotation, smoothness
from alpharl_bench.dynamics.nulls import random_walk, walk
from alpharl_bench.dynamics.trajectory import Trajectory, align

# Fewer vectors have no middle that could lie beside a line.
_LEAST = 3


def others(path: Trajectory, found: ModuleLinearity) -> dict[str, float]:
    """Of one module; NaN where it moved at too few checkpoints.

    - ``RELEX``: R² against the step of ΔW's coefficient on its leading direction, and the ``share``
      of the path along it.
    - ``weights``: R² against the step of every weight that moved: ``mean``, ``median``, the share
      ``above 0.7``, and that of the weights which the authors' code ``selected``.
    - ``turn``: degrees by which u₁ and v₁ turn from a checkpoint to the next, the median, and from
      the first that moved to the last.
    - ``smoothness``: R² against the step of u₁'s first principal component.

    Args:
        path: its trajectory.
        found: the linearity of its weights, over the same checkpoints.
    """
    moved = path.sigma > 0
    return {
        "RELEX": found.relex.r_squared,
        "RELEX, share": found.relex.share,
        "weights, mean": found.weights.mean,
        "weights, median": found.weights.median,
        "weights, above 0.7": found.weights.linear,
        "selected weights, above 0.7": found.selected.linear,
        **_turns("u₁", path.u[moved]),
        **_turns("v₁", path.v[moved]),
        "smoothness": _smoothness(path.u[moved], path.steps[moved]),
    }


def others_of_walk(
    path: Trajectory, found: ModuleLinearity, draws: int, rng: np.random.Generator
) -> dict[str, float]:
    """The same of random walks with the module's steps; of no selection, which needs real weights.

    Args:
        path: its trajectory.
        found: the linearity of its weights.
        draws: the number of walks drawn of u₁ and v₁.
        rng: the source of randomness.
    """
    moved = path.sigma > 0
    steps, sigma = path.steps[moved], path.sigma[moved, None].astype(np.float64)
    drawn = []
    for _ in range(draws):
        turns: dict[str, float] = {}
        for name, unit in (("u₁", path.u[moved]), ("v₁", path.v[moved])):
            turns |= _turns(name, _walked(sigma * unit, rng))
        u = path.u[moved]
        smooth = _smoothness(random_walk(u, steps, rng)[0] if len(u) else u, steps)
        drawn.append({**turns, "smoothness": smooth})
    return {
        "RELEX": found.relex_walk.r_squared,
        "RELEX, share": found.relex_walk.share,
        "weights, mean": found.weights_walk.mean,
        "weights, median": found.weights_walk.median,
        "weights, above 0.7": found.weights_walk.linear,
        **{name: float(np.mean([one[name] for one in drawn])) for name in drawn[0]},
    }


def _turns(name: str, unit: np.ndarray) -> dict[str, float]:
    nothing = len(unit) < _LEAST
    ends = unit[[0, -1]] if len(unit) else unit
    return {
        f"turn of {name}": float("nan") if nothing else float(np.median(rotation(unit))),
        f"turn of {name}, first to last": float("nan") if nothing else rotation(ends).item(),
    }


def _smoothness(vectors: np.ndarray, steps: np.ndarray) -> float:
    return smoothness(vectors, steps).r_squared if len(vectors) >= _LEAST else float("nan")


def _walked(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The directions of a walk from 0 with the steps of a path (T, m), signs aligned as its are."""
    lengths = np.linalg.norm(np.diff(x, axis=0, prepend=0), axis=1)
    places = walk(lengths, x.shape[1], rng)
    far = np.linalg.norm(places, axis=1)
    unit = np.divide(places, far[:, None], out=np.zeros_like(places), where=far[:, None] > 0)
    return align("walk", np.arange(len(x)), unit, far, np.ones((len(x), 1)), far).u
