"""One-component partial least squares of accuracy on a trajectory (Appendix E, equations 6-10).

The conventions are those of scikit-learn's ``PLSRegression(n_components=1, scale=True)``, in closed
form: with one component and one response there is nothing to iterate. Everything that the fit says
of the checkpoints themselves follows from their T × T Gram matrix, however wide the trajectory is.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from alpharl_bench.errors import AlphaRLBenchError


@dataclass(frozen=True)
class PLS:
    """A fitted regression: accuracy = ``intercept`` + ``slope`` · score, score = x̃ · ``weights``.

    x̃ = (x − ``mean``) / ``scale``. All vectors are (m,) float64; ``weights`` has unit norm, or is
    zero where the trajectory is uncorrelated with the accuracies or one of them has no spread.
    ``loadings`` p turn a score into a vector again. ``r_squared`` is that of the checkpoints it was
    fitted on, NaN where their accuracies are all the same.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    loadings: np.ndarray
    slope: float
    intercept: float
    r_squared: float

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray) -> Self:
        """Fit accuracies on the vectors of the same checkpoints.

        Args:
            x: (T, m) a vector per checkpoint, as u₁ or σ₁u₁.
            y: (T,) the accuracies; any other response, as the step, will do.

        Raises:
            AlphaRLBenchError: fewer than two checkpoints, or values that are not finite.
        """
        x, y = _checked(x, y)
        standard, mean, scale = standardise(x)
        centred = _centred(y)
        covariance = standard.T @ centred
        length = float(np.linalg.norm(covariance))
        weights = covariance / length if length else covariance
        scores = standard @ weights
        spread = float(scores @ scores)
        loadings = standard.T @ scores / spread if spread else np.zeros_like(weights)
        explained = float(scores @ centred) ** 2 / spread if spread else 0.0
        total = float(centred @ centred)
        return cls(
            mean=mean,
            scale=scale,
            weights=weights,
            loadings=loadings,
            slope=float(scores @ centred) / spread if spread else 0.0,
            intercept=float(y.mean()),
            r_squared=explained / total if total else float("nan"),
        )

    def scores(self, x: np.ndarray) -> np.ndarray:
        """The scores of vectors (…, m), shape (…,)."""
        standard = (np.asarray(x, dtype=np.float64) - self.mean) / self.scale
        scores: np.ndarray = standard @ self.weights
        return scores

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The accuracies of vectors (…, m), shape (…,)."""
        return self.intercept + self.slope * self.scores(x)

    def vectors(self, scores: np.ndarray | float) -> np.ndarray:
        """The vectors of scores (…,), shape (…, m): mean + scale ⊙ (score · p)."""
        vectors: np.ndarray = self.mean + self.scale * np.multiply.outer(scores, self.loadings)
        return vectors

    def inverse(self, accuracies: np.ndarray | float) -> np.ndarray:
        """The vectors that belong to accuracies (…,), shape (…, m) (§4.1).

        Raises:
            AlphaRLBenchError: accuracy does not vary with the trajectory.
        """
        if self.slope == 0:
            raise AlphaRLBenchError(
                "no update belongs to a target accuracy: over the checkpoints of the fit either "
                "the accuracies are all the same or this module does not move with them; take "
                "more checkpoints"
            )
        return self.vectors((np.asarray(accuracies) - self.intercept) / self.slope)


def standardise(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every column with mean 0 and variance 1, of T − 1 degrees of freedom.

    Args:
        x: (T, m).

    Returns:
        (T, m) x̃, (m,) means and (m,) standard deviations, 1 for a column without spread; float64.
    """
    x = np.asarray(x, dtype=np.float64)
    mean = x.mean(axis=0)
    still = x.max(axis=0) == x.min(axis=0)
    # A mean that is rounded would leave a still column a spread of 1e-17, and blow that up to 1.
    centred = np.where(still, 0.0, x - mean)
    scale = np.sqrt(np.einsum("ij,ij->j", centred, centred) / (len(x) - 1))
    scale[scale == 0] = 1.0
    return centred / scale, mean, scale


def gram(x: np.ndarray) -> np.ndarray:
    """x̃x̃ᵀ (T, T): all that :func:`r_squared` needs to know of a trajectory (T, m)."""
    standard = standardise(x)[0]
    products: np.ndarray = standard @ standard.T
    return products


def r_squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """R² of the one-component fit, in sample (equation 10), for any number of responses at once.

    The score is proportional to Kỹ with K = x̃x̃ᵀ, so that R² = (ỹᵀKỹ)² / (ỹᵀK²ỹ · ỹᵀỹ).

    Args:
        x: (T, m) a vector per checkpoint.
        y: (T,) the accuracies, or (T, B) a column for every response.

    Returns:
        () or (B,); NaN where a response has no spread, 0 where the trajectory has none.

    Raises:
        AlphaRLBenchError: fewer than two checkpoints, or values that are not finite.
    """
    x, y = _checked(x, y)
    centred = _centred(y)
    scores = gram(x) @ centred
    total = (centred**2).sum(axis=0)
    spread = (scores**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (centred * scores).sum(axis=0) ** 2 / (spread * total)
    return np.where(total == 0, np.nan, np.where(spread == 0, 0.0, found))


def leave_one_out(x: np.ndarray, y: np.ndarray) -> float:
    """R² of predictions, each by a fit that has not seen its checkpoint: 1 − Σ(y − ŷ₋ᵢ)²/Σ(y − ȳ)².

    Negative where the mean accuracy of the others predicts better. Checkpoints beside the one left
    out are all but the same on a smooth path: this says nothing of a forecast.

    Args:
        x: (T, m), T at least 3.
        y: (T,); NaN is returned where it has no spread.

    Raises:
        AlphaRLBenchError: fewer than three checkpoints, or values that are not finite.
    """
    x, y = _checked(x, y, least=3)
    total = float((_centred(y) ** 2).sum())
    if total == 0:
        return float("nan")
    rows = np.arange(len(y))
    missed = [
        y[row] - PLS.fit(x[rows != row], y[rows != row]).predict(x[row]).item() for row in rows
    ]
    return 1 - float(np.square(missed).sum()) / total


def _centred(y: np.ndarray) -> np.ndarray:
    """Responses less their mean; exactly 0 where they are all the same, whatever rounding does."""
    return np.where(y.max(axis=0) == y.min(axis=0), 0.0, y - y.mean(axis=0))


def _checked(x: np.ndarray, y: np.ndarray, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or y.ndim not in {1, 2} or len(x) != len(y):
        raise ValueError(f"vectors {x.shape} and responses {y.shape} are not of one trajectory")
    if len(x) < least:
        raise AlphaRLBenchError(f"{len(x)} checkpoints: a fit needs at least {least}")
    for values, what in ((y, "accuracy"), (x, "vector")):
        bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if bad.any():
            raise AlphaRLBenchError(
                f"the {what} of checkpoint {int(bad.argmax()) + 1} of {len(values)} is not finite; "
                "leave that checkpoint out or give its value"
            )
    return x, y
