"""The least or the most of several numbers: p-values and intervals that the choice does not bias.

The least of several estimates is lower than the least of what they estimate, and a bootstrap
repeats that bias. So each number is tested, and the tests are combined. That all of them lie on a
side is shown by the worst of the tests at its own level (intersection-union, Berger 1982,
Technometrics 24:295); that any of m does by the best of them at 1/m of the level (Bonferroni, the
first step of Holm's method). docs/statistics.md has the error rates, and those of the bootstrap of
the extreme itself.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from alpharl_bench.claims.claim import Extreme, Threshold

_OF = {"least": np.min, "most": np.max}


def extreme(values: np.ndarray, extremes: Sequence[Extreme]) -> np.ndarray:
    """The least or most along the leading axes, the innermost first.

    Args:
        values: (…, B).
        extremes: what is taken along each of the leading axes, the first outermost.

    Returns:
        (B,).
    """
    for taken in reversed(extremes):
        values = _OF[taken](values, axis=-2)
    return values


def p_values(
    holds: np.ndarray, fails: np.ndarray, extremes: Sequence[Extreme], threshold: Threshold
) -> tuple[float, float]:
    """The p-values of the extreme holding, and of its failing.

    Args:
        holds: (…) those of every number holding.
        fails: (…) those of every number failing.
        extremes: what is taken along each axis, the first outermost.
        threshold: what is asked; a bound on one side alone where there are extremes.
    """
    # The least is above a bound where all are, and the most below one; else one is enough.
    whole: Extreme = "least" if threshold.direction > 0 else "most"
    for taken in reversed(extremes):
        if taken == whole:
            holds, fails = holds.max(axis=-1), _any(fails)
        else:
            holds, fails = _any(holds), fails.max(axis=-1)
    return float(holds), float(fails)


def interval(
    ends: Callable[[float], tuple[np.ndarray, np.ndarray]],
    extremes: Sequence[Extreme],
    confidence: float,
) -> tuple[float, float]:
    """The interval of an extreme, which decides exactly where the p-values do.

    The least is above the lowest of the lower ends, each at the full level, and below the lowest of
    the upper ends, each at 1/m of the error; the other way round for the most.

    Args:
        ends: from a confidence to the (…) lower and upper ends of every number's interval.
        extremes: what is taken along each axis, the first outermost.
        confidence: 1 − α.
    """
    shape = ends(confidence)[0].shape
    found = []
    for end, corrected in enumerate(("most", "least")):
        of = math.prod(shape[axis] for axis, one in enumerate(extremes) if one == corrected)
        bounds = ends(1 - (1 - confidence) / of)[end]
        found.append(float(extreme(bounds[..., None], extremes).item()))
    return found[0], found[1]


def _any(p: np.ndarray) -> np.ndarray:
    """Bonferroni's p-value of the best of those along the last axis."""
    corrected: np.ndarray = np.minimum(1, p.shape[-1] * p.min(axis=-1))
    return corrected
