"""No forecast at all: the last observed checkpoint."""

from dataclasses import dataclass
from typing import ClassVar

from alpharl_bench.checkpoints import Weights
from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Target
from alpharl_bench.forecast.prefix import Prefix


@dataclass(frozen=True)
class LastCheckpoint(Forecaster):
    """W_k, whatever the target: what any forecast has to be better than."""

    source: ClassVar[str] = "naive: the model as it is where observation ends"

    def _fit(self, prefix: Prefix) -> Fitted:
        return _Fitted(prefix.weights[-1])


@dataclass(frozen=True)
class _Fitted(Fitted):
    weights: Weights

    def predict(self, target: Target) -> Weights:
        del target
        return self.weights
