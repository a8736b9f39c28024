"""Logits extrapolation of RLVR-Linearity (arXiv 2601.04537)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Target, step_of
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.variants.extrapolated_logits import ExtrapolatedLogits


@forecast_method(
    "rlvr-logits",
    title="RLVR-Linearity, logits",
    reference="arXiv 2601.04537, logits extrapolation",
    baseline=True,
    scored_only=True,
)
@dataclass(frozen=True)
class RLVRLogits(Forecaster):
    """z_0 + t*/t_k · (z_k − z_0): as the weights' line, of the logits at every decoding step.

    The authors' default for the earlier of the two models is the base, as here. No weights do that,
    so that there is nothing to write: both models stand side by side where it is scored.
    """

    needs: ClassVar[Literal["step"]] = "step"

    def _fit(self, prefix: Prefix) -> Fitted:
        return _Fitted(prefix)


@dataclass(frozen=True)
class _Fitted(Fitted):
    prefix: Prefix

    def predict(self, target: Target) -> ExtrapolatedLogits:
        prefix = self.prefix
        alpha = step_of(target) / prefix.steps[-1]
        return ExtrapolatedLogits(prefix.base, prefix.weights[-1], alpha)
