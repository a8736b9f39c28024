"""Rolling origin: fit on the first checkpoints, predict those that follow, and look how far off.

What an R² in sample cannot say. For every origin k the first k checkpoints are a run of their own,
with signs that are aligned among them; nothing after them enters a fit. The later checkpoints are
the truth alone: their sign is chosen so that the path goes on, for a prediction cannot know it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from alpharl_bench.dynamics.pls import PLS
from alpharl_bench.dynamics.trajectory import Trajectory
from alpharl_bench.errors import AlphaRLBenchError

#: The least number of checkpoints that something is fitted on: two always lie on a line.
FIRST_ORIGIN = 3


@dataclass(frozen=True)
class Errors:
    """How far predictions of σ₁u₁ and of the accuracy were off; all (P,).

    Args:
        cosine: the cosine of predicted and true vector; NaN where one is 0 or nothing is predicted.
        relative: ‖x̂ − x‖ / ‖x‖; NaN where x is 0.
        norm_ratio: ‖x̂‖ / ‖x‖; NaN where x is 0.
        accuracy: |ŷ − y|.
    """

    cosine: np.ndarray
    relative: np.ndarray
    norm_ratio: np.ndarray
    accuracy: np.ndarray


@dataclass(frozen=True)
class Rolling:
    """The errors of every method, over the P pairs of an origin and a later checkpoint.

    ``origins`` (P,) are the steps of the last checkpoint that was seen, ``targets`` (P,) those of
    the predicted one. The methods:

    - ``last checkpoint``: nothing changes any more. What a forecast has to beat.
    - ``PLS at the accuracy``: the inverse of the regression at the target's true accuracy, which a
      forecast would not have (§4.1). The accuracy is what the regression makes of the true vector.
      The vector is NaN where the accuracies that were seen do not vary.
    - ``PLS at the step``: the score is extrapolated on a line in the step.
    - ``projection at the step``: RELEX (2605.21468) on this vector. The coefficient on the leading
      direction of what was seen, not centred, is extrapolated on a line in the step, and the
      accuracy is regressed on it.
    - ``accuracies alone``: a line in the step through the accuracies that were seen. It knows of no
      weights and has no vector: what a forecast of the accuracy has to beat.
    """

    module: str
    origins: np.ndarray
    targets: np.ndarray
    methods: Mapping[str, Errors]


def rolling(path: Trajectory, y: np.ndarray) -> Rolling:
    """Forecast every later checkpoint of a module from every origin k = 3 … T − 1.

    Args:
        path: the trajectory of the module, with T checkpoints.
        y: (T,) their accuracies.

    Raises:
        AlphaRLBenchError: fewer than four checkpoints, or accuracies that are not finite.
    """
    y = np.asarray(y, dtype=np.float64)
    total = len(path.steps)
    if total <= FIRST_ORIGIN:
        raise AlphaRLBenchError(
            f"{path.module}: {total} checkpoints; a test of forecasts needs {FIRST_ORIGIN + 1}, "
            f"{FIRST_ORIGIN} to fit and one to predict"
        )
    origins = range(FIRST_ORIGIN, total)
    found: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    for k in origins:
        seen = path.prefix(k)
        truth = _continued(path, seen)
        for method, x, accuracy in _predictions(seen, y[:k], path.steps[k:], truth, y[k:]):
            found[method].append(_errors(x, accuracy, truth, y[k:]))
    return Rolling(
        module=path.module,
        origins=np.concatenate([np.full(total - k, path.steps[k - 1]) for k in origins]),
        targets=np.concatenate([path.steps[k:] for k in origins]),
        methods={name: Errors(*np.concatenate(parts, axis=1)) for name, parts in found.items()},
    )


def _predictions(
    seen: Trajectory, y: np.ndarray, targets: np.ndarray, truth: np.ndarray, later: np.ndarray
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(method, (L, m) or (m,) vectors, (L,) or () accuracies); the truth is for PLS to be asked."""
    x = seen.x.astype(np.float64)
    yield "last checkpoint", x[-1], y[-1]
    fit = PLS.fit(x, y)
    asked = fit.inverse(later) if fit.slope else np.full_like(truth, np.nan)
    yield "PLS at the accuracy", asked, fit.predict(truth)
    scores = _line(seen.steps, fit.scores(x), targets)
    yield "PLS at the step", fit.vectors(scores), fit.intercept + fit.slope * scores
    direction = _leading(x)
    coefficients = x @ direction
    ahead = _line(seen.steps, coefficients, targets)
    yield "projection at the step", np.outer(ahead, direction), _line(coefficients, y, ahead)
    yield "accuracies alone", np.full_like(truth, np.nan), _line(seen.steps, y, targets)


def _continued(path: Trajectory, seen: Trajectory) -> np.ndarray:
    """(L, m) σ₁u₁ of what follows, with the sign with which it goes on from what was seen."""
    k = len(seen.steps)
    # Rows of both differ by one common sign at most.
    opposed = np.vdot(path.u[:k], seen.u) < 0
    return path.x[k:].astype(np.float64) * (-1.0 if opposed else 1.0)


def _leading(x: np.ndarray) -> np.ndarray:
    """(m,) the unit vector along which rows (k, m) are longest, not centred."""
    vectors = np.linalg.eigh(x @ x.T)[1]
    direction = vectors[:, -1] @ x
    length = np.linalg.norm(direction)
    result: np.ndarray = direction / length if length else direction
    return result


def _line(at: np.ndarray, values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The least-squares line through values (k,) at places (k,), at targets (L,)."""
    centred = at - at.mean()
    spread = centred @ centred
    slope = centred @ values / spread if spread else 0.0
    result: np.ndarray = values.mean() + slope * (target - at.mean())
    return result


def _errors(
    x: np.ndarray, accuracy: np.ndarray, truth: np.ndarray, later: np.ndarray
) -> np.ndarray:
    """(4, L) the fields of :class:`Errors`."""
    x = np.broadcast_to(x, truth.shape)
    length, true_length = (np.linalg.norm(rows, axis=1) for rows in (x, truth))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.einsum("ij,ij->i", x, truth) / (length * true_length)
        relative = np.linalg.norm(x - truth, axis=1) / true_length
        ratio = length / true_length
    relative, ratio = (np.where(true_length == 0, np.nan, one) for one in (relative, ratio))
    return np.stack([cosine, relative, ratio, np.abs(accuracy - later)])
