"""What a session of some size can tell: beside a verdict, and before there is one."""

import math
from collections.abc import Mapping

import scipy

from alpharl_bench.claims.measures import Interval
from alpharl_bench.scoring import CONFIDENCE, degrees_of_freedom
from alpharl_bench.scoring.bootstrap import LEAST_DF

#: The chance of telling an effect that 'can be told' means.
POWER = 0.8
#: How much the chances of two variants differ between questions, as a standard deviation: about
#: what the runs of the nano lane have (`python -m benchmarks.power`).
SPREAD = 0.1


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


def expected(questions: Mapping[str, int], samples: int) -> float:
    """The smallest difference in accuracy that a session will tell with 80 %, before there is one.

    Of two variants that are right on about half of all responses, as uncertain as can be, and whose
    chances differ between questions by :data:`SPREAD`.

    Args:
        questions: how many each task has.
        samples: to each question.

    Returns:
        In accuracy, 0 to 1; infinite where there are too few questions for an interval.
    """
    strata = [task for task, count in questions.items() for _ in range(count)]
    df = degrees_of_freedom(strata) if strata else 0.0
    if df < LEAST_DF:
        return math.inf
    each = SPREAD**2 + 2 * 0.25 / samples
    error = math.sqrt(each * sum(1 / count for count in questions.values())) / len(questions)
    return error * float(scipy.stats.t.isf((1 - CONFIDENCE) / 2, df) + scipy.stats.t.ppf(POWER, df))
