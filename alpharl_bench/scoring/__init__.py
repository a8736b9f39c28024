"""Score variants through lm-eval, keep every sample's correctness, resample it."""

from alpharl_bench.scoring.bootstrap import percentile_interval, resampling_weights
from alpharl_bench.scoring.engines import EngineOptions
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.score import Provenance, Responses, Score, read_scores
from alpharl_bench.scoring.store import ScoreStore

__all__ = [
    "EngineOptions",
    "Provenance",
    "Responses",
    "Sampling",
    "Score",
    "ScoreStore",
    "percentile_interval",
    "read_scores",
    "resampling_weights",
]
