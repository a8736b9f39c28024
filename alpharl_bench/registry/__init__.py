"""Models, algorithms and runs, trained here or public, each one TOML file in its kind's folder."""

from alpharl_bench.registry.claim_ids import HOME_PAPER, ClaimId, qualified
from alpharl_bench.registry.load import Registry, load_registry, unknown
from alpharl_bench.registry.schema import (
    Algorithm,
    Architecture,
    Expectation,
    Format,
    Kind,
    Lane,
    Measure,
    Model,
    Pretraining,
    Regime,
    Release,
    RunEntry,
    Trainer,
    WarmUp,
    Wheel,
)

__all__ = [
    "HOME_PAPER",
    "Algorithm",
    "Architecture",
    "ClaimId",
    "Expectation",
    "Format",
    "Kind",
    "Lane",
    "Measure",
    "Model",
    "Pretraining",
    "Regime",
    "Registry",
    "Release",
    "RunEntry",
    "Trainer",
    "WarmUp",
    "Wheel",
    "load_registry",
    "qualified",
    "unknown",
]
