"""No forecast at all: the last observed checkpoint."""

from dataclasses import dataclass

from alpharl_bench.checkpoints import Weights
from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Target
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix


@forecast_method(
    "last-checkpoint",
    title="last checkpoint",
    reference="naive: the model as it is where observation ends",
)
@dataclass(frozen=True)
class LastCheckpoint(Forecaster):
    """W_k, whatever the target: what any forecast has to be better than."""

    def _fit(self, prefix: Prefix) -> Fitted:
        return _Fitted(prefix.weights[-1])


@dataclass(frozen=True)
class _Fitted(Fitted):
    weights: Weights

    def predict(self, target: Target) -> Weights:
        del target
        return self.weights
