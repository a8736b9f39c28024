"""Group-sequential analyses: how much error may be spent when samples are added look by look.

More samples of the same questions are asked until a claim is decided. The estimate after look j has
the variance V_j = A + W/s_j: A between questions, which further samples leave as it is, and W/s_j
within them. For j < k the covariance of two looks is V_k, that of the canonical joint distribution
with information 1/V, whatever the share of A (Jennison and Turnbull 2000, ch. 3). An error-spending
function then gives exact boundaries (Lan and DeMets 1983, Biometrika 70:659).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, Self

import numpy as np
import scipy
from scipy.special import ndtr

Spending = Literal["pocock", "obrien-fleming"]
#: Which analyses have how much of the error; benchmarks.coverage compares what they take.
SPENDING: Spending = "pocock"
#: The least error that is told apart; boundaries of less are those of this one.
_LEAST = 1e-12
#: The least p-value of several analyses.
_LEAST_ERROR = 1e-10
#: Half the nodes of the quadrature over the region that goes on; enough for six digits.
_NODES = 64


@dataclass(frozen=True)
class Analysis:
    """One of the planned analyses of a growing sample.

    ``times`` are the information fractions of the analyses up to this one, V_K / V_j, ascending,
    with K the last planned; the last planned analysis has 1.
    """

    times: tuple[float, ...] = (1.0,)

    @classmethod
    def of(cls, samples: Sequence[int], done: int, within: float) -> Self:
        """The analysis after some of the planned numbers of samples.

        Args:
            samples: the planned numbers of samples to each question, ascending.
            done: how many have been taken; one of them.
            within: the part of the variance that comes from within questions, 0 to 1. By too high a
                part the analyses have less error than they may, never more.
        """
        variances = [1 - within + within * done / count for count in samples]
        fractions = [variances[-1] / v for v in variances[: samples.index(done) + 1]]
        # Rounded down, so that claims that hardly differ share their boundaries; wider ones.
        return cls(tuple(max(float(np.floor(100 * f + 1e-9) / 100), 0.01) for f in fractions))

    @property
    def alone(self) -> bool:
        """Whether it is the only one, or the others can add nothing."""
        return self.times[0] == 1

    def nominal(self, error: float) -> float:
        """The two-sided level of this analysis alone, such that all together have ``error``."""
        if self.alone:
            return error
        z = boundaries(self.times, error)[-1]
        return float(2 * scipy.stats.norm.sf(z))

    def p_value(self, nominal: np.ndarray) -> np.ndarray:
        """The repeated p-value: the least error of all analyses at which this one would decide.

        It can be compared with any level, and corrected for several claims (Jennison and Turnbull
        2000, §9.6).

        Args:
            nominal: the two-sided p-values of this analysis alone.

        Returns:
            As many float64.
        """
        if self.alone:
            return nominal
        if self.times[-2:-1] == self.times[-1:]:  # it adds nothing to the one before
            return np.ones_like(nominal)
        last, alone = _curve(self.times)
        z = scipy.stats.norm.isf(np.maximum(nominal, np.finfo(float).tiny) / 2)
        # Below the boundary of an error of 1 nothing decides, beyond the last none is told apart.
        overall = scipy.interpolate.PchipInterpolator(last, alone)(np.clip(z, last[0], last[-1]))
        p: np.ndarray = np.where(z <= last[0], 1.0, 2 * scipy.stats.norm.sf(overall))
        return p


def planned_samples(batch: int, analyses: int) -> tuple[int, ...]:
    """The numbers of samples to each question at analyses that add a batch each."""
    return tuple(batch * (n + 1) for n in range(analyses))


def spent(time: float, error: float, spending: Spending = SPENDING) -> float:
    """How much of the error the analyses up to an information fraction may have.

    The functions of Lan and DeMets: Pocock's type, α ln(1 + (e − 1) t), spends early, O'Brien and
    Fleming's, 4 (1 − Φ(z(α/4) / √t)), late.
    """
    if spending == "pocock":
        return error * float(np.log1p((np.e - 1) * time))
    return float(4 * scipy.stats.norm.sf(scipy.stats.norm.isf(error / 4) / np.sqrt(time)))


@lru_cache(maxsize=4096)
def boundaries(
    times: tuple[float, ...], error: float, spending: Spending = SPENDING
) -> tuple[float, ...]:
    """The |z| from which each analysis decides, two-sided.

    By recursive integration over the region that goes on (Armitage, McPherson and Rowe 1969, JRSS A
    132:235).

    Args:
        times: the information fractions, ascending, of the analyses.
        error: the two-sided error of all analyses up to a fraction of 1.
        spending: how it is spent.

    Returns:
        As many |z|; infinite where an analysis adds no information to the one before.
    """
    found: list[float] = []
    before = last = 0.0
    at, mass = np.zeros(1), np.ones(1)
    nodes, weights = _quadrature()
    for time in times:
        if time == last:
            found.append(np.inf)
            continue
        # The score process z √t has independent increments of variance Δt.
        step, root = np.sqrt(time - last), np.sqrt(time)
        target = max(spent(time, error, spending) - before, _LEAST)
        z = _crossing(at, mass, step, root, target)
        found.append(z)
        before, last = before + target, time
        places = nodes * z * root
        density = np.exp(-(((places[:, None] - at) / step) ** 2) / 2) / (step * np.sqrt(2 * np.pi))
        at, mass = places, weights * z * root * (density @ mass)
    return tuple(found)


@cache
def _quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss and Legendre on [-1, 1], ``2 * _NODES`` each."""
    nodes, weights = np.polynomial.legendre.leggauss(2 * _NODES)
    return nodes, weights


def _crossing(at: np.ndarray, mass: np.ndarray, step: float, root: float, target: float) -> float:
    """The boundary that is crossed now with the given probability, having gone on from ``at``."""

    def excess(z: float) -> float:
        above, below = ndtr((at - z * root) / step), ndtr((-z * root - at) / step)
        return float(np.log(max((above + below) @ mass, np.finfo(float).tiny)) - np.log(target))

    # An error of 1 takes all that is left, which the quadrature may miss by its last digits.
    return float(scipy.optimize.brentq(excess, 0.0, 10.0, xtol=1e-6)) if excess(0.0) > 0 else 0.0


@lru_cache(maxsize=256)
def _curve(times: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The boundary of the last analysis, ascending, and that of a single one of the same error."""
    alone = np.linspace(0, scipy.stats.norm.isf(_LEAST_ERROR / 2), 60)
    errors = 2 * scipy.stats.norm.sf(alone)
    last = np.array([boundaries(times, float(error))[-1] for error in errors])
    # Where the least error is spent the boundary stays: the greatest error that has it counts.
    last, first = np.unique(last, return_index=True)
    return last, alone[first]
