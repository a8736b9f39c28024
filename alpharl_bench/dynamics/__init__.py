"""How Rank-1 updates move over a training, and what the same measures say of nothing (§3)."""

from alpharl_bench.dynamics.linearity import (
    ModuleLinearity,
    Projection,
    WeightLinearity,
    linearities,
    rotation,
    smoothness,
)
from alpharl_bench.dynamics.nulls import NULLS, Null, null_generator, null_r_squared
from alpharl_bench.dynamics.pls import PLS, gram, leave_one_out, r_squared, standardise
from alpharl_bench.dynamics.trajectory import Trajectory, align, trajectories, trajectory

__all__ = [
    "NULLS",
    "PLS",
    "ModuleLinearity",
    "Null",
    "Projection",
    "Trajectory",
    "WeightLinearity",
    "align",
    "gram",
    "leave_one_out",
    "linearities",
    "null_generator",
    "null_r_squared",
    "r_squared",
    "rotation",
    "smoothness",
    "standardise",
    "trajectories",
    "trajectory",
]
