"""ExPO: model extrapolation (arXiv 2404.16792)."""

from dataclasses import dataclass

from alpharl_bench.forecast.forecaster import SHARES, Fitted, Forecaster, Target
from alpharl_bench.forecast.line import Line
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix


@forecast_method("expo", title="ExPO", reference="arXiv 2404.16792", baseline=True)
@dataclass(frozen=True)
class ExPO(Forecaster):
    """θ₁ + α · (θ₁ − θ₀) of all parameters, θ₁ the last observed checkpoint.

    Args:
        alpha: where a target names none. 0.3 and 0.5 are what the authors mostly use; they choose
            it on a validation set.
    """

    alpha: float = 0.5

    def _fit(self, prefix: Prefix) -> Fitted:
        return Line(prefix.base, prefix.weights[-1], self._factor)

    def targets(self, prefix: Prefix) -> tuple[Target, ...]:
        """α from 0 to 8; the authors' search ends at 0.5."""
        del prefix
        return tuple(Target(alpha=share) for share in SHARES)

    def _factor(self, target: Target) -> float:
        return 1 + (self.alpha if target.alpha is None else target.alpha)
