"""Models, algorithms and runs, each one TOML file in the folder of its kind."""

from alpharl_bench.registry.load import Registry, load_registry, unknown
from alpharl_bench.registry.schema import (
    Algorithm,
    Expectation,
    Format,
    Kind,
    Lane,
    Measure,
    Model,
    Pretraining,
    Regime,
    RunEntry,
    Trainer,
    Wheel,
)

__all__ = [
    "Algorithm",
    "Expectation",
    "Format",
    "Kind",
    "Lane",
    "Measure",
    "Model",
    "Pretraining",
    "Regime",
    "Registry",
    "RunEntry",
    "Trainer",
    "Wheel",
    "load_registry",
    "unknown",
]
