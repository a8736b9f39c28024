"""Rank-1 of the last observed checkpoint: Property 1 without Property 2."""

from dataclasses import dataclass

from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Target, require_update
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.variants.materialise import Update
from alpharl_bench.variants.spec import rank


@forecast_method(
    "rank1-last",
    title="Rank-1",
    reference="naive: Rank-1 where observation ends (arXiv 2510.00553, equation 3)",
    baseline=True,
)
@dataclass(frozen=True)
class Rank1Last(Forecaster):
    """W_0 + the norm-matched Rank-1 update of W_k (equation 3), whatever the target."""

    def _fit(self, prefix: Prefix) -> Fitted:
        require_update(prefix)
        return _Fitted(prefix.source.update(rank(1)))

    def no_op(self, prefix: Prefix) -> Update:
        """The norm-matched Rank-1 update of W_k."""
        return prefix.source.update(rank(1))


@dataclass(frozen=True)
class _Fitted(Fitted):
    update: Update

    def predict(self, target: Target) -> Update:
        del target
        return self.update
