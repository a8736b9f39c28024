"""ExPO: model extrapolation (arXiv 2404.16792)."""

from dataclasses import dataclass
from typing import ClassVar

from alpharl_bench.forecast.forecaster import Fitted, Forecaster
from alpharl_bench.forecast.line import Line
from alpharl_bench.forecast.prefix import Prefix


@dataclass(frozen=True)
class ExPO(Forecaster):
    """θ₁ + α · (θ₁ − θ₀) of all parameters, θ₁ the last observed checkpoint.

    Args:
        alpha: 0.3 and 0.5 are what the authors mostly use; they choose it on a validation set.
    """

    source: ClassVar[str] = "ExPO (arXiv 2404.16792)"
    alpha: float = 0.5

    def _fit(self, prefix: Prefix) -> Fitted:
        return Line(prefix.base, prefix.weights[-1], lambda _: 1 + self.alpha)
