"""Everything that is judged of the dynamics of one module, in numbers that are kept (§3)."""

import math
from collections.abc import Sequence
from dataclasses import field, replace
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, ConfigDict
from pydantic.dataclasses import dataclass

from alpharl_bench.dynamics.embedding import Picture, pictures
from alpharl_bench.dynamics.linearity import ModuleLinearity, linearities, rotation
from alpharl_bench.dynamics.modules import Place, places
from alpharl_bench.dynamics.nulls import (
    NULLS,
    null_generator,
    null_r_squared,
    permuted,
    straight_path,
)
from alpharl_bench.dynamics.others import others, others_of_walk
from alpharl_bench.dynamics.pls import r_squared
from alpharl_bench.dynamics.rolling import FIRST_ORIGIN, rolling
from alpharl_bench.dynamics.trajectory import Trajectory, trajectories
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants.materialise import UpdateSource

#: The part of a training from which its end is predicted: the paper's latest stage but one (§4.2).
OBSERVED = 0.4
#: 'Close to 1' (§3.1), and what the introduction says of the linear rate.
CLOSE_TO_1 = 0.96
# Of every null: enough for a rank at 2.5 % on one side, with room for one tie.
_DRAWS = 99
# Of the random walks of other measures, of which the mean is kept.
_WALKS = 20
# Digits of a draw that are kept; a hundred draws of every module are most of what is stored.
_DIGITS = 4
_BLOCKS = ("MLP", "attention")


def _drawn(kept: Any) -> Any:
    """Before 0.3 the mean of the draws was kept: the draws themselves are not known."""
    return [kept, math.nan] if isinstance(kept, float) else kept


#: The numbers of the draws of a null.
Draws = Annotated[list[float], BeforeValidator(_drawn)]


# Stored as JSON, NaN stays NaN.
@dataclass(frozen=True, config=ConfigDict(ser_json_inf_nan="constants"))
class ModuleDynamics:
    """How one module's Rank-1 update moves over the training.

    ``block``, ``kind`` and ``depth`` say where it stands. ``r_squared`` is that of accuracy on u₁
    over all checkpoints, in sample, ``null_r_squared`` that of every draw of each null.
    ``straight_r_squared`` is that of a straight path with steps as long as those of u₁.
    ``alignment`` is the median cosine by which signs were chosen, ``turned`` the median angle in
    degrees of u₁ from one checkpoint to the next. ``error`` is ‖x̂ − x‖/‖x‖ of σ₁u₁ at the end of
    training, predicted from the first 40 % of it, ``cosine`` and ``norm_ratio`` compare the two
    vectors, ``accuracy_error`` is |ŷ − y| there, all by method; NaN where a method has no
    prediction. ``others`` is what others call linear, ``others_of_walk`` the same of a random walk
    (:mod:`alpharl_bench.dynamics.others`). ``pictures`` are there of a few modules
    (:func:`pictured`).
    """

    module: str
    block: str
    kind: str
    depth: float | None
    r_squared: float
    null_r_squared: dict[str, Draws]
    straight_r_squared: float
    alignment: float
    turned: float
    error: dict[str, float]
    cosine: dict[str, float]
    norm_ratio: dict[str, float]
    accuracy_error: dict[str, float]
    others: dict[str, float]
    others_of_walk: dict[str, float]
    pictures: dict[str, Picture] = field(default_factory=dict)

    def null_mean(self, null: str) -> float:
        """The mean R² of the draws of a null."""
        return float(np.nanmean(self.null_r_squared[null]))

    @property
    def columns(self) -> dict[str, float | np.ndarray]:
        """What claims take means of: R², products of it with the place, errors.

        The mean over some modules alone is the quotient of two of these means, and a slope over
        depth follows from four. The columns of a null begin with its name and a colon, and hold a
        number for every draw.
        """
        inside = {block: float(self.block == block) for block in _BLOCKS}
        depth = self.depth or 0.0
        columns: dict[str, float | np.ndarray] = {**inside, "depth": depth, "depth²": depth**2}
        drawn = {f"{name}: ": np.array(draws) for name, draws in self.null_r_squared.items()}
        for prefix, value in {"": np.array(self.r_squared), **drawn}.items():
            columns[f"{prefix}R²"] = value
            columns[f"{prefix}close to 1"] = np.where(np.isnan(value), value, value > CLOSE_TO_1)
            columns[f"{prefix}depth · R²"] = depth * value
            columns |= {f"{prefix}{block} · R²": part * value for block, part in inside.items()}
        columns["straight path: R²"] = self.straight_r_squared
        columns |= {f"error of {method}": value for method, value in self.error.items()}
        columns |= {
            f"accuracy error of {method}": value for method, value in self.accuracy_error.items()
        }
        return columns


def dynamics(source: UpdateSource, accuracies: Sequence[float]) -> list[ModuleDynamics]:
    """Measure every module of a run.

    Args:
        source: the run's updates.
        accuracies: (T,) of its checkpoints.

    Raises:
        AlphaRLBenchError: there are too few checkpoints, or none by 40 % of the training that
            something could be fitted on.
    """
    y = np.asarray(accuracies, dtype=np.float64)
    steps = np.array(source.run.steps)
    seen = int((steps <= OBSERVED * steps[-1]).sum())
    if seen < FIRST_ORIGIN or len(steps) <= FIRST_ORIGIN:
        raise AlphaRLBenchError(
            f"run '{source.run.name}': {len(steps)} checkpoints, {seen} of them in the first "
            f"{OBSERVED:.0%} of the training; its dynamics are measured from {FIRST_ORIGIN} there"
        )
    origin = int(steps[seen - 1])
    paths = list(trajectories(source))
    standing = places(path.module for path in paths)
    found = [
        module_dynamics(path, y, place, origin, linearity)
        for path, place, linearity in zip(paths, standing, linearities(source), strict=True)
    ]
    chosen = pictured(found)
    return [
        replace(one, pictures=pictures(path, null_generator(path.module, seed=1)))
        if one.module in chosen
        else one
        for one, path in zip(found, paths, strict=True)
    ]


def pictured(modules: Sequence[ModuleDynamics]) -> list[str]:
    """The modules whose trajectories are drawn: of MLP and attention those of most and least R²."""
    chosen: list[str] = []
    for block in _BLOCKS:
        inside = [one for one in modules if one.block == block and not np.isnan(one.r_squared)]
        order = sorted(inside, key=lambda one: -one.r_squared)
        chosen += [one.module for one in (*order[:1], *order[1:][-1:])]
    return chosen


def module_dynamics(
    path: Trajectory, y: np.ndarray, place: Place, origin: int, linearity: ModuleLinearity
) -> ModuleDynamics:
    """Measure one module.

    Args:
        path: its trajectory over T checkpoints.
        y: (T,) the accuracies.
        place: its position.
        origin: the step of the last checkpoint from which the end of training is predicted.
        linearity: the linearity of its weights.
    """
    ahead = rolling(path, y)
    (pair,) = np.flatnonzero((ahead.origins == origin) & (ahead.targets == path.steps[-1]))
    rng = null_generator(path.module)
    # Accuracies are the run's: in each draw all modules have the same order of them. In orders of
    # their own they would average to a null with far less spread than that of one run.
    of_run = null_generator("")

    def at_the_end(part: str) -> dict[str, float]:
        return {name: float(getattr(one, part)[pair]) for name, one in ahead.methods.items()}

    return ModuleDynamics(
        module=path.module,
        block=place.block,
        kind=place.kind,
        depth=place.depth,
        r_squared=float(r_squared(path.u, y)),
        null_r_squared={
            name: null_r_squared(null, path.u, y, _DRAWS, of_run if null is permuted else rng)
            .round(_DIGITS)
            .tolist()
            for name, null in NULLS.items()
        },
        straight_r_squared=float(r_squared(*straight_path(path.u, y, rng))),
        alignment=float(np.median(path.alignment)),
        turned=float(np.nanmedian(rotation(path.u))),
        error=at_the_end("relative"),
        cosine=at_the_end("cosine"),
        norm_ratio=at_the_end("norm_ratio"),
        accuracy_error=at_the_end("accuracy"),
        others=others(path, linearity),
        others_of_walk=others_of_walk(path, linearity, _WALKS, rng),
    )
