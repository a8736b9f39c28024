"""Models, algorithms and runs, each one TOML file in the folder of its kind."""

from alpharl_bench.registry.load import Registry, load_registry, unknown
from alpharl_bench.registry.schema import (
    Algorithm,
    Expectation,
    Kind,
    Lane,
    Model,
    Pretraining,
    RunEntry,
)

__all__ = [
    "Algorithm",
    "Expectation",
    "Kind",
    "Lane",
    "Model",
    "Pretraining",
    "Registry",
    "RunEntry",
    "load_registry",
    "unknown",
]
