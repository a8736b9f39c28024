"""Open what a trainer left on disk: a run's checkpoints, and their tensors one at a time."""

from alpharl_bench.checkpoints.run import Checkpoint, Run, open_run
from alpharl_bench.checkpoints.tensors import WeightFiles

__all__ = ["Checkpoint", "Run", "WeightFiles", "open_run"]
