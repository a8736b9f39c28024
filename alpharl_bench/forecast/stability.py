"""How sure a forecast is: what becomes of it when one observed checkpoint is left out."""

from dataclasses import dataclass

import numpy as np

from alpharl_bench.forecast.forecaster import Forecaster, Target
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.forecast.products import inner_products
from alpharl_bench.variants.materialise import Change


@dataclass(frozen=True)
class Stability:
    """A forecast beside those without one of the checkpoints each, and beside no forecast.

    Updates are compared over all tensors; ‖·‖ is the Frobenius norm.

    Args:
        norm: ‖ΔŴ‖.
        left_out: the steps of the checkpoints that were left out, L of them; none where too few
            would have remained.
        cosines: (L,) of ΔŴ with the forecast without the checkpoint.
        distances: (L,) ‖ΔŴ' − ΔŴ‖ / ‖ΔŴ‖ of the forecast without the checkpoint.
        last_cosine: the cosine of ΔŴ with ΔW_k, the update of the last observed checkpoint.
        last_distance: ‖ΔW_k − ΔŴ‖ / ‖ΔŴ‖.
        no_op_cosine: the cosine of ΔŴ with the last observed checkpoint in the form of the
            forecast, for example its Rank-1.
        no_op_distance: likewise.
    """

    norm: float
    left_out: tuple[int, ...]
    cosines: tuple[float, ...]
    distances: tuple[float, ...]
    last_cosine: float
    last_distance: float
    no_op_cosine: float
    no_op_distance: float

    @property
    def spread(self) -> float:
        """The root mean square of the distances; NaN where no checkpoint could be left out."""
        return float(np.sqrt(np.mean(np.square(self.distances)))) if self.distances else np.nan


def stability(
    forecaster: Forecaster, prefix: Prefix, target: Target, forecast: Change
) -> Stability:
    """Fit again without each of the observed checkpoints in turn.

    Reads once more those files that the forecasts are combinations of, and the last observed ones.

    Args:
        forecaster: the method.
        prefix: the checkpoints that it was fitted to.
        target: the target of the forecast.
        forecast: the predicted model or update.
    """
    spare = len(prefix.steps) > max(forecaster.least, 1)
    left_out = prefix.steps if spare else ()
    others = [forecaster.fit(prefix.without(step)).predict(target) for step in left_out]
    no_op = forecaster.no_op(prefix)
    gram = inner_products([forecast, prefix.weights[-1], no_op, *others], prefix.grams)
    norms = np.sqrt(gram.diagonal())
    squares = gram[0, 0] - 2 * gram[0] + gram.diagonal()
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = gram[0] / (norms[0] * norms)
        distances = np.sqrt(np.maximum(squares, 0)) / norms[0]
    return Stability(
        norm=float(norms[0]),
        left_out=left_out,
        cosines=tuple(map(float, cosines[3:])),
        distances=tuple(map(float, distances[3:])),
        last_cosine=float(cosines[1]),
        last_distance=float(distances[1]),
        no_op_cosine=float(cosines[2]),
        no_op_distance=float(distances[2]),
    )
