"""The bootstrap over questions or modules, vectorised and seeded."""

from collections.abc import Sequence

import numpy as np

#: Enough for the second digit of a 95 % interval's ends.
RESAMPLES = 10_000
CONFIDENCE = 0.95


def resampling_weights(
    strata: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """How often each unit counts in each resample; every stratum keeps its size.

    A unit is drawn whole, with all its samples: samples of one question are not independent. The
    same weights serve every variant, so differences between variants are paired.

    Args:
        strata: (n,) the stratum of every unit (the task of a question).
        resamples: the number of resamples, B.
        seed: fixes the draws.

    Returns:
        (B, n) float64; each row sums to 1.
    """
    rng = np.random.default_rng(seed)
    labels = np.asarray(strata)
    weights = np.empty((resamples, len(labels)))
    for stratum in dict.fromkeys(strata):
        members = np.flatnonzero(labels == stratum)
        weights[:, members] = rng.multinomial(
            len(members), np.full(len(members), 1 / len(members)), size=resamples
        )
    return weights / len(labels)


def percentile_interval(values: np.ndarray) -> tuple[float, float]:
    """The central 95 % of the resampled statistics."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
