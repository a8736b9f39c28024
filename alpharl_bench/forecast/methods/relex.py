"""RELEX (arXiv 2605.21468): the leading temporal direction of every tensor, extrapolated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from alpharl_bench.checkpoints import Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Target, step_of
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.progress import progress_bar
from alpharl_bench.spectral import spread
from alpharl_bench.variants.combined import CombinedWeights

# Below so much work a progress bar would only flicker by.
_WORTH_A_BAR = 50_000_000


@forecast_method("relex", title="RELEX", reference="arXiv 2605.21468, rank 1", baseline=True)
@dataclass(frozen=True)
class RELEX(Forecaster):
    """W_0 + ĉ(t*) · v, tensor by tensor: embeddings, norms and biases too.

    The updates of one tensor, stacked and neither centred nor scaled, are M (T, d) with the leading
    triplet σ, u, v; ĉ is the least-squares line of Mv = σu in the step. v = Mᵀu/σ is a combination
    of the updates themselves, so that the T × T matrix MMᵀ is all that has to be kept.

    This is rank 1 in time: v as a matrix has any rank. The authors' code counts checkpoints in
    place of steps (the same where they are evenly spaced), takes the differences in float16, saves
    bfloat16, and doubles the target for bases named Qwen2.5-Math-1.5B; here all is float32.
    """

    least: ClassVar[int] = 2
    needs: ClassVar[Literal["step"]] = "step"
    side_by_side: ClassVar[bool] = True

    def _fit(self, prefix: Prefix) -> Fitted:
        base, models = prefix.base, prefix.weights
        shared = frozenset(base.names).intersection(*(model.names for model in models))
        names = [name for name in sorted(shared) if base.dtype(name).is_floating_point]
        work = len(models) * sum(int(np.prod(base.shape(name))) for name in names)

        def line_of(name: str) -> _Line | None:
            line = _line(prefix.grams.of(name, models), prefix.steps)
            bar.update()
            return line

        with progress_bar("RELEX", len(names), "tensor", shown=work > _WORTH_A_BAR) as bar:
            found = zip(names, spread(line_of, names), strict=True)
        lines = {name: line for name, line in found if line is not None}
        if not lines:
            raise AlphaRLBenchError(
                f"{models[-1].folder}: no observed checkpoint differs from the base {base.folder}: "
                "there is no update to extrapolate"
            )
        return _Fitted(base, models, lines)


@dataclass(frozen=True)
class _Line:
    """The line of one tensor: its update is ĉ(t) · ``combination`` of the observed updates."""

    coefficient: np.polynomial.Polynomial
    combination: np.ndarray


@dataclass(frozen=True)
class _Fitted(Fitted):
    base: Weights
    models: tuple[Weights, ...]
    lines: Mapping[str, _Line]

    def predict(self, target: Target) -> Weights:
        step = step_of(target)
        still = (0.0,) * len(self.models)

        def coefficients(name: str) -> tuple[float, ...]:
            line = self.lines.get(name)
            return still if line is None else tuple(line.coefficient(step) * line.combination)

        return CombinedWeights(self.base, self.models, coefficients)


def _line(gram: np.ndarray, steps: tuple[int, ...]) -> _Line | None:
    """From MMᵀ (T, T) of a tensor; None if it has not moved."""
    values, vectors = np.linalg.eigh(gram)
    if values[-1] <= 0:
        return None
    sigma, left = float(np.sqrt(values[-1])), vectors[:, -1]
    return _Line(np.polynomial.Polynomial.fit(steps, sigma * left, deg=1), left / sigma)
