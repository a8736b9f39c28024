"""Controls: what a run is compared with, whatever the threshold.

A claim that holds says little where the same number comes of nothing (a null), and one that fails
where the effect itself would fail (a ceiling). Both are compared with the run, pair by pair: the
question is whether run minus control can be told from 0, not on which side of a line each lies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from alpharl_bench.claims.claim import Claim, Null
from alpharl_bench.claims.extremes import extreme
from alpharl_bench.claims.measures import Fact, Interval
from alpharl_bench.scoring import percentile_interval
from alpharl_bench.tables import Means

#: So many draws of a null, and their ranks tell at 5 %; of fewer Student's t is taken.
RANKED = 39


@dataclass(frozen=True)
class Control:
    """One control of a verdict.

    ``value`` is the control's own statistic with its interval; ``alike`` says that the run cannot
    be told from it: from a null in the direction of the claim, from a ceiling in the other.
    """

    value: Interval
    alike: bool
    ceiling: bool = False


def controls(
    claim: Claim,
    steps: Sequence[int],
    observed: Means,
    resampled: Means | None,
    df: float,
    error: float,
) -> Mapping[str, Control]:
    """The controls of a claim beside a run, by name.

    Args:
        claim: a claim whose threshold has one bound, if it has controls.
        steps: the steps of the run's checkpoints.
        observed: (1,) the means of the run's table, (draws, 1) of what was drawn.
        resampled: (B,) the same over resamples; None of a table that is no sample.
        df: degrees of freedom of the units.
        error: the two-sided error of a comparison.
    """

    def statistic(control: Null | Claim, means: Means) -> np.ndarray:
        return extreme(control.statistic(means, steps), claim.extremes)

    found: dict[str, Control] = {}
    for null in (*claim.nulls, *claim.ceilings):
        if not null.measured(observed):
            continue
        ceiling = null in claim.ceilings
        direction = claim.threshold.direction * (-1 if ceiling else 1)
        run, alone = float(statistic(claim, observed)[0]), statistic(null, observed).ravel()
        if len(alone) > 1:
            value, told = _of_draws(direction * run, direction * alone, error)
            value = _turned(value, direction)
        elif resampled is None:
            value, told = Fact(float(alone[0])), direction * (run - float(alone[0])) > 0
        else:
            own = statistic(null, resampled)
            value = Interval.of(alone, own, df, 1 - error)
            apart = direction * (statistic(claim, resampled) - own)
            told = bool(percentile_interval(apart, df, 1 - error)[0] > 0)
        found[null.name] = Control(value, not told, ceiling)
    return found


def _of_draws(run: float, draws: np.ndarray, error: float) -> tuple[Interval, bool]:
    """The interval of one more draw of a null, and whether the run is above what it draws.

    Of :data:`RANKED` draws and more by the rank of the run among them, which is exact whatever
    their distribution; of fewer by Student's t for one more draw.
    """
    if np.isnan(draws).any():  # An older session kept their mean alone: it tells nothing apart.
        return Interval(float(np.nanmean(draws)), -np.inf, np.inf), False
    middle, size = float(draws.mean()), len(draws)
    if size >= RANKED:
        low, high = np.quantile(draws, [error / 2, 1 - error / 2])
        told = (1 + (draws >= run).sum()) / (size + 1) <= error / 2
        return Interval(middle, float(low), float(high)), bool(told)
    spread = draws.std(ddof=1) * np.sqrt(1 + 1 / size)
    reach = float(scipy.stats.t.isf(error / 2, size - 1) * spread)
    return Interval(middle, middle - reach, middle + reach), run > middle + reach


def _turned(value: Interval, direction: int) -> Interval:
    """An interval of a number that was multiplied by 1 or −1, of the number itself."""
    if direction > 0:
        return value
    return Interval(-value.estimate, -value.high, -value.low)
