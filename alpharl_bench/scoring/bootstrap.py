"""The bootstrap over questions, vectorised and seeded; docs/statistics.md says why."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy

#: Enough for percentiles of an interval at 99.9 %; a fitted tail goes on from there.
RESAMPLES = 20_000
CONFIDENCE = 0.95
#: So many resamples have to lie beyond a bound for their number to be the p-value (Knijnenburg et
#: al. 2009, Bioinformatics 25:i161).
TAIL = 10
#: Fewer degrees of freedom have no interval: of so few units the spread is hardly known.
LEAST_DF = 4


def unit_weights(strata: Sequence[str]) -> np.ndarray:
    """How much each unit counts: the mean over strata of their means.

    The paper's 'Avg.': a benchmark of 30 questions counts as much as one of 1319.

    Args:
        strata: (n,) the stratum of every unit (the task of a question).

    Returns:
        (n,) float64, sums to 1.
    """
    _, index, sizes = np.unique(np.asarray(strata), return_inverse=True, return_counts=True)
    weights: np.ndarray = 1 / (len(sizes) * sizes[index])
    return weights


def resampling_weights(
    strata: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """How much each unit counts in each resample.

    Of a stratum of n units n − 1 are drawn, with replacement: the variance of a resampled mean is
    then s²/n without bias (Rao and Wu 1988, JASA 83:231), where n draws give (n − 1)/n of it. A
    unit is drawn whole, with all its samples: samples of one question are not independent. The
    same weights serve every variant, so differences between variants are paired.

    Args:
        strata: (n,) the stratum of every unit. One that is alone in its stratum is in every
            resample; :func:`degrees_of_freedom` is 0 then.
        resamples: the number of resamples, B.
        seed: fixes the draws.

    Returns:
        (B, n) float64, read-only; each row sums to 1, as does each stratum to its share.
    """
    return _resampling_weights(tuple(strata), resamples, seed)


@lru_cache(maxsize=2)  # all runs of a session share their questions
def _resampling_weights(strata: tuple[str, ...], resamples: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    labels = np.asarray(strata)
    names = dict.fromkeys(strata)
    weights = np.empty((resamples, len(labels)))
    for name in names:
        members = np.flatnonzero(labels == name)
        draws = max(len(members) - 1, 1)
        counts = rng.multinomial(draws, np.full(len(members), 1 / len(members)), size=resamples)
        weights[:, members] = counts / (draws * len(names))
    weights.flags.writeable = False
    return weights


def degrees_of_freedom(strata: Sequence[str]) -> float:
    """Those of Student's t for a mean over strata.

    Satterthwaite's formula, (Σ vₛ)² / Σ vₛ²/(nₛ − 1) with vₛ the variance of a stratum's mean, at
    equal variances of the units: vₛ ∝ 1/nₛ. It is n − S for S strata of equal size, and tends to
    the degrees of the smallest ones where sizes differ.

    Args:
        strata: (n,) the stratum of every unit.

    Returns:
        At most n − S; 0 where a unit is alone in its stratum, and so has no spread.
    """
    sizes = np.unique(np.asarray(strata), return_counts=True)[1]
    if sizes.min() == 1:
        return 0.0
    return float((1 / sizes).sum() ** 2 / (1 / (sizes**2 * (sizes - 1))).sum())


def percentile_interval(
    values: np.ndarray, df: float, confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """The central part of the resampled statistics, at percentiles that Student's t widens.

    Hesterberg's expanded percentile interval (arXiv 1411.5279): from the percentile
    Φ(t(α/2; df)) to the one as far from the other end. His factor √(n/(n − 1)) is in the n − 1
    draws. Plain percentiles take the spread of a few units for the true one and are too narrow.
    A percentile with fewer than :data:`TAIL` resamples beyond it lies on the tail that
    :func:`p_above` describes.

    Args:
        values: (B, …) the resampled statistics.
        df: degrees of freedom of the units.
        confidence: 1 − α.

    Returns:
        (…) low and (…) high; −∞ and ∞ where the units are too few.
    """
    if df < LEAST_DF:
        unbounded = np.full(values.shape[1:], np.inf)
        return -unbounded, unbounded
    z = float(scipy.stats.t.ppf((1 - confidence) / 2, df))
    return _percentile(values, z), -_percentile(-values, z)


def p_above(values: np.ndarray, bound: float, df: float, *, strictly: bool = False) -> np.ndarray:
    """The two-sided p-value of a statistic being above a bound.

    p ≤ α exactly where the interval at 1 − α lies above the bound. Of B resamples c lie below it:
    p = 2 T(z; df) with z = Φ⁻¹((c + 1)/(B + 1)), the inverse of the interval's percentiles. Where
    fewer than :data:`TAIL` do, their number says little, and none at all says nothing. There z
    grows in proportion to the distance from the median, from where TAIL resamples are left:
    the tail is that of a normal distribution whose scale is read from the resamples on the same
    side of the median.

    Args:
        values: (B, …) the resampled statistics.
        bound: the bound.
        df: degrees of freedom of the units.
        strictly: whether resamples on the bound count as below it.

    Returns:
        (…) float64 in [0, 1].
    """
    if df < LEAST_DF:
        return np.ones(values.shape[1:])
    resamples = len(values)
    below = ((values <= bound) if strictly else (values < bound)).sum(axis=0)
    z = np.asarray(scipy.stats.norm.ppf((below + 1) / (resamples + 1)))
    few = below < TAIL
    if resamples > TAIL and few.any():
        centre, last, z_last = _tail(values[:, few])
        with np.errstate(divide="ignore", invalid="ignore"):
            further = z_last * (centre - bound) / (centre - last)
        z[few] = np.where(centre > last, np.minimum(further, z_last), z[few])
    p: np.ndarray = np.minimum(1, 2 * scipy.stats.t.cdf(z, df))
    return p


def _percentile(values: np.ndarray, z: float) -> np.ndarray:
    """(…) the percentile Φ(z), z < 0; on the tail's line where too few resamples lie beyond it."""
    resamples = len(values)
    rank = int(scipy.stats.norm.cdf(z) * (resamples + 1))
    counted: np.ndarray = np.full(values.shape[1:], -np.inf)
    if rank:
        counted = np.partition(values, rank - 1, axis=0)[rank - 1]
    if rank >= TAIL or resamples <= TAIL:
        return counted
    centre, last, z_last = _tail(values)
    with np.errstate(invalid="ignore"):
        line: np.ndarray = centre - (centre - last) * z / z_last
    # Where half of the resamples are alike there is no scale, so that their number alone counts.
    return np.where(centre > last, line, counted)


def _tail(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The median, the TAIL-th lowest of the resamples, and Φ⁻¹ of the share up to there."""
    ordered = np.partition(values, TAIL - 1, axis=0)
    return (
        np.median(values, axis=0),
        ordered[TAIL - 1],
        float(scipy.stats.norm.ppf(TAIL / (len(values) + 1))),
    )
