"""Open what a trainer left on disk: a run's checkpoints, and their tensors one at a time."""

from alpharl_bench.checkpoints.accuracies import Accuracies, accuracies_in, read_accuracies
from alpharl_bench.checkpoints.adapter import AdapterWeights, is_adapter, open_weights
from alpharl_bench.checkpoints.compare import Comparison, compare
from alpharl_bench.checkpoints.finite import cast
from alpharl_bench.checkpoints.modules import (
    is_expert,
    is_head,
    is_vocabulary,
    module_names,
    tied_embeddings,
    transposed_layers,
)
from alpharl_bench.checkpoints.origin import unrelated
from alpharl_bench.checkpoints.release import cached_base, cached_steps, open_release
from alpharl_bench.checkpoints.run import (
    Checkpoint,
    Run,
    discover,
    open_checkpoint,
    open_run,
)
from alpharl_bench.checkpoints.size import ModelSize, size_of
from alpharl_bench.checkpoints.tensors import WeightFiles, Weights, shared

__all__ = [
    "Accuracies",
    "AdapterWeights",
    "Checkpoint",
    "Comparison",
    "ModelSize",
    "Run",
    "WeightFiles",
    "Weights",
    "accuracies_in",
    "cached_base",
    "cached_steps",
    "cast",
    "compare",
    "discover",
    "is_adapter",
    "is_expert",
    "is_head",
    "is_vocabulary",
    "module_names",
    "open_checkpoint",
    "open_release",
    "open_run",
    "open_weights",
    "read_accuracies",
    "shared",
    "size_of",
    "tied_embeddings",
    "transposed_layers",
    "unrelated",
]
