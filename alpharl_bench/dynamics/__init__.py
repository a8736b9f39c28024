"""How Rank-1 updates move over a training, and what the same measures say of nothing (§3)."""

from alpharl_bench.dynamics.pls import PLS, gram, leave_one_out, r_squared, standardise
from alpharl_bench.dynamics.trajectory import Trajectory, align, trajectories, trajectory

__all__ = [
    "PLS",
    "Trajectory",
    "align",
    "gram",
    "leave_one_out",
    "r_squared",
    "standardise",
    "trajectories",
    "trajectory",
]
