"""Rank-1 of the last observed checkpoint, as long as its growth says."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Target, require_update, step_of
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.materialise import LazyUpdate, Update
from alpharl_bench.variants.spec import rank


@forecast_method(
    "rank1-sigma",
    title="Rank-1, σ₁ extrapolated",
    reference="naive: Rank-1 where observation ends, σ₁ extrapolated in the step",
    baseline=True,
)
@dataclass(frozen=True)
class Rank1Sigma(Forecaster):
    """The norm-matched Rank-1 update of W_k times σ̂(t*)/σ₁(k).

    σ̂ is the least-squares line of σ₁ on the step over the observed checkpoints, module by module,
    and at least 0: directions stay, only lengths are extrapolated.
    """

    least: ClassVar[int] = 2
    needs: ClassVar[Literal["step"]] = "step"

    def _fit(self, prefix: Prefix) -> Fitted:
        prefix.prepare()
        require_update(prefix)
        return _Fitted(prefix)

    def no_op(self, prefix: Prefix) -> Update:
        """The norm-matched Rank-1 update of W_k."""
        return prefix.source.update(rank(1))


@dataclass(frozen=True)
class _Fitted(Fitted):
    prefix: Prefix

    def predict(self, target: Target) -> Update:
        step = step_of(target)
        update = self.prefix.source.update(rank(1))
        return LazyUpdate(update, lambda name: update[name].scaled(self._growth(name, step)))

    def _growth(self, name: str, step: float) -> float:
        """σ̂(t*)/σ₁(k) of a module; 0 where it has not moved."""
        sigma = [self._leading(name, observed).sigma[0].item() for observed in self.prefix.steps]
        line = np.polynomial.Polynomial.fit(self.prefix.steps, sigma, deg=1)
        return max(float(line(step)), 0.0) / sigma[-1] if sigma[-1] else 0.0

    def _leading(self, name: str, step: int) -> LowRank:
        return self.prefix.source.factors(step).module(name, 1).factors
