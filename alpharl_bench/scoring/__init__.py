"""Score variants through lm-eval, keep every sample's correctness, resample it."""

from alpharl_bench.scoring.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    degrees_of_freedom,
    p_above,
    percentile_interval,
    resampling_weights,
    unit_weights,
)
from alpharl_bench.scoring.engines import EngineOptions
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.score import Provenance, Responses, Score, read_scores
from alpharl_bench.scoring.store import ScoreStore

__all__ = [
    "CONFIDENCE",
    "RESAMPLES",
    "EngineOptions",
    "Provenance",
    "Responses",
    "Sampling",
    "Score",
    "ScoreStore",
    "degrees_of_freedom",
    "p_above",
    "percentile_interval",
    "read_scores",
    "resampling_weights",
    "unit_weights",
]
