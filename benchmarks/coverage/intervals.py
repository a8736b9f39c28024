"""How often 95 % intervals hold the truth."""

from collections.abc import Callable

import numpy as np

from alpharl_bench.scoring import (
    RESAMPLES,
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
)
from benchmarks.coverage.settings import SETTINGS, Setting
from benchmarks.coverage.text import markdown, percent

#: Answers to each question.
SAMPLES = 32
#: Repetitions that are resampled at once; bounds the memory.
_BLOCK = 100

#: From accuracies of base, full and variant to a statistic.
Statistic = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
STATISTICS: dict[str, Statistic] = {
    "accuracy": lambda _base, full, _variant: full,
    "relative accuracy": lambda _base, full, variant: variant / full,
    "recovered gain": lambda base, full, variant: (variant - base) / (full - base),
}


def tables(repetitions: int = 2000) -> list[str]:
    """One row for each setting."""
    rows = [[s.name, *map(percent, covered(s, repetitions).values())] for s in SETTINGS]
    return [markdown(rows, ["95 % interval covers", *STATISTICS])]


def covered(setting: Setting, repetitions: int, resamples: int = RESAMPLES) -> dict[str, float]:
    """The share of 95 % intervals that hold the truth, per statistic.

    Intervals that a report leaves out (no clear gain, a resample without an answer) do not count.

    Args:
        setting: the benchmarks.
        repetitions: how many sessions, rounded up to a multiple of a hundred.
        resamples: of each; all sessions share the weights, which do not depend on the data.
    """
    weights, df = resampling_weights(setting.strata, resamples), degrees_of_freedom(setting.strata)
    truth = {name: float(f(*map(np.asarray, setting.accuracies))) for name, f in STATISTICS.items()}
    rng = np.random.default_rng(1)
    found = []
    for _ in range(0, repetitions, _BLOCK):
        chances = np.stack([setting.chances(rng) for _ in range(_BLOCK)], axis=-1)  # (3, n, block)
        means = [weights @ shares for shares in rng.binomial(SAMPLES, chances) / SAMPLES]
        learned = percentile_interval(means[1] - means[0], df)[0] > 0
        found.append([_covers(name, means, t, df, learned) for name, t in truth.items()])
    return dict(zip(truth, np.nanmean(found, axis=(0, 2)), strict=True))


def _covers(
    name: str, means: list[np.ndarray], truth: float, df: float, learned: np.ndarray
) -> np.ndarray:
    """(block,) 1 or 0, NaN where a report shows no interval; only an accuracy needs no gain."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = STATISTICS[name](*means)
    low, high = percentile_interval(values, df)
    shown = np.isfinite(values).all(axis=0) & (learned | (name == "accuracy"))
    return np.where(shown, (low <= truth) & (truth <= high), np.nan)
