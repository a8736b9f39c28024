"""The first update, made longer: one checkpoint is all that is looked at."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from alpharl_bench.forecast.forecaster import Fitted, Forecaster, step_of
from alpharl_bench.forecast.line import Line
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix


@forecast_method(
    "first-update",
    title="first update",
    reference="naive: first-update scaling (basetenlabs/relex-replication)",
    baseline=True,
)
@dataclass(frozen=True)
class FirstUpdate(Forecaster):
    """W_0 + α · (W_1 − W_0), W_1 the first checkpoint.

    Args:
        alpha: t*/t_1 if it is not given. Its authors choose it on their test set.
    """

    needs: ClassVar[Literal["step"]] = "step"
    alpha: float | None = None

    def _fit(self, prefix: Prefix) -> Fitted:
        return Line(
            prefix.base,
            prefix.weights[0],
            lambda target: step_of(target) / prefix.steps[0] if self.alpha is None else self.alpha,
        )
