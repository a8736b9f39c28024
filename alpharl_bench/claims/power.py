"""What a session of some size can tell: beside a verdict, and before there is one."""

import math

import scipy

from alpharl_bench.claims.measures import Interval
from alpharl_bench.scoring import CONFIDENCE

#: The chance of telling an effect that 'can be told' means.
POWER = 0.8


def detectable(value: Interval, df: float, confidence: float = CONFIDENCE) -> float:
    """The smallest distance from a line that is told with 80 % at this precision.

    An interval reaches t(α/2) standard errors. An effect of t(α/2) + t(1 − power) of them is told
    with that power. It is that of the design, not of the estimate at hand: no power 'after the
    fact'.

    Args:
        value: an interval at ``confidence``.
        df: the degrees of freedom of its units.
        confidence: 1 − α.

    Returns:
        In the unit of the statistic; infinite where there is no interval.
    """
    half = (value.high - value.low) / 2
    reach = scipy.stats.t.isf((1 - confidence) / 2, df) if df > 0 else math.inf
    if not (math.isfinite(half) and math.isfinite(reach)):
        return math.inf
    return float(half * (1 + scipy.stats.t.ppf(POWER, df) / reach))


def power(distance: float, error: float, df: float) -> float:
    """The chance that an interval excludes a line that the truth is some distance from.

    Args:
        distance: of the truth from the line, on the side that is claimed.
        error: the standard error of the estimate.
        df: its degrees of freedom.
    """
    reach = scipy.stats.t.isf((1 - CONFIDENCE) / 2, df)
    return float(scipy.stats.t.sf(reach - distance / error, df))


def expected_error(
    accuracy: float, questions: int, samples: int, between: float, shared: float = 0.0
) -> float:
    """The standard error to expect of a difference between the accuracies of two variants.

    Args:
        accuracy: that of both, about which they differ.
        questions: how many are asked.
        samples: to each question.
        between: the standard deviation over questions of the true difference.
        shared: the correlation of the two variants' answers in one sample.
    """
    within = 2 * accuracy * (1 - accuracy) * (1 - shared) / samples
    return math.sqrt((between**2 + within) / questions)
