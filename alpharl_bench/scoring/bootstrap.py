"""The bootstrap over questions or modules, vectorised and seeded; docs/statistics.md says why."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy

#: Enough for p-values below 0.001, which many verdicts in one session and several looks ask for.
RESAMPLES = 20_000
CONFIDENCE = 0.95


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


@lru_cache(maxsize=2)  # all runs of a session share their questions, and often their modules
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

    Args:
        values: (B, …) the resampled statistics.
        df: degrees of freedom of the units.
        confidence: 1 − α.

    Returns:
        (…) low and (…) high, each one of the values; −∞ and ∞ where B resamples or the units are
        too few for this confidence.
    """
    resamples = len(values)
    rank = int(_tail(1 - confidence, df) * (resamples + 1))
    if rank == 0:
        unbounded = np.full(values.shape[1:], np.inf)
        return -unbounded, unbounded
    ordered = np.partition(values, (rank - 1, resamples - rank), axis=0)
    return ordered[rank - 1], ordered[resamples - rank]


def two_sided_p(beyond: np.ndarray, df: float) -> np.ndarray:
    """The p-value of a bound, such that p ≤ α exactly where the interval at 1 − α excludes it.

    Args:
        beyond: (B, …) bool, the resamples that lie on the other side of the bound than the
            interval would have to.
        df: degrees of freedom of the units.

    Returns:
        (…) float64, never 0: the share of resamples is taken as (count + 1)/(B + 1).
    """
    share = (beyond.sum(axis=0) + 1) / (len(beyond) + 1)
    if df == 0:
        return np.ones_like(share)
    p: np.ndarray = np.minimum(1, 2 * scipy.stats.t.cdf(scipy.stats.norm.ppf(share), df))
    return p


def _tail(alpha: float, df: float) -> float:
    """The share of resamples beyond each end of an interval; undoes :func:`two_sided_p`."""
    return float(scipy.stats.norm.cdf(scipy.stats.t.ppf(alpha / 2, df))) if df else 0.0
