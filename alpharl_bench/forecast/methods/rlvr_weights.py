"""Weight extrapolation of RLVR-Linearity (arXiv 2601.04537)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from alpharl_bench.forecast.forecaster import Fitted, Forecaster, step_of
from alpharl_bench.forecast.line import Line
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix


@forecast_method(
    "rlvr-weights",
    title="RLVR-Linearity, weights",
    reference="arXiv 2601.04537, weight extrapolation",
    baseline=True,
)
@dataclass(frozen=True)
class RLVRWeights(Forecaster):
    """W_0 + t*/t_k · (W_k − W_0): the line through base and last checkpoint, in the step.

    As in the authors' code, embeddings, output head and biases go along, and every tensor with
    ``norm`` in its name is copied from the checkpoint; their default for the first of the two
    points is the base as well. Theirs is saved in bfloat16.
    """

    needs: ClassVar[Literal["step"]] = "step"

    def _fit(self, prefix: Prefix) -> Fitted:
        return Line(
            prefix.base,
            prefix.weights[-1],
            lambda target: step_of(target) / prefix.steps[-1],
            copied=lambda name: "norm" in name,
        )
