"""How Rank-1 updates move over a training, and what the same measures say of nothing (§3)."""

from alpharl_bench.dynamics.linearity import (
    ModuleLinearity,
    Projection,
    WeightLinearity,
    linearities,
    rotation,
    smoothness,
)
from alpharl_bench.dynamics.measure import CLOSE_TO_1, ModuleDynamics, dynamics
from alpharl_bench.dynamics.modules import WINDOWS, Place, Window, places, windows
from alpharl_bench.dynamics.nulls import NULLS, Null, null_generator, null_r_squared
from alpharl_bench.dynamics.pls import PLS, gram, leave_one_out, r_squared, standardise
from alpharl_bench.dynamics.rolling import Errors, Rolling, rolling
from alpharl_bench.dynamics.trajectory import Trajectory, align, trajectories, trajectory

__all__ = [
    "CLOSE_TO_1",
    "NULLS",
    "PLS",
    "WINDOWS",
    "Errors",
    "ModuleDynamics",
    "ModuleLinearity",
    "Null",
    "Place",
    "Projection",
    "Rolling",
    "Trajectory",
    "WeightLinearity",
    "Window",
    "align",
    "dynamics",
    "gram",
    "leave_one_out",
    "linearities",
    "null_generator",
    "null_r_squared",
    "places",
    "r_squared",
    "rolling",
    "rotation",
    "smoothness",
    "standardise",
    "trajectories",
    "trajectory",
    "windows",
]
