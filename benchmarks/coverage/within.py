"""Resampling the answers to each question, as a session does for the variance within questions."""

from functools import lru_cache

import numpy as np

from alpharl_bench.scoring import unit_weights

# As many as a session takes.
_RESAMPLES = 400


@lru_cache(maxsize=8)
def of_answers(strata: tuple[str, ...], count: int) -> np.ndarray:
    """How much every answer counts in each resample; :meth:`ScoresTable.resampled_within`.

    Args:
        strata: (n,) the benchmark of every question.
        count: the answers to each, of which one less is drawn.

    Returns:
        (resamples, n · count) float32.
    """
    questions = unit_weights(strata) / (count - 1)
    even, size = np.full(count, 1 / count), (_RESAMPLES, len(questions))
    drawn = np.random.default_rng(0).multinomial(count - 1, even, size)
    weights: np.ndarray = (drawn * questions[:, None]).astype(np.float32)
    return weights.reshape(_RESAMPLES, -1)
