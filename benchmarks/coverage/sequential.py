"""How often a statistic on its bound is decided, if its samples are looked at several times.

Every verdict is then an error. The share of the variance that lies within questions is estimated
from each session's answers, at every look anew, as a session does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alpharl_bench.claims import Threshold
from alpharl_bench.claims.measures import this_analysis
from alpharl_bench.scoring import (
    CONFIDENCE,
    RESAMPLES,
    degrees_of_freedom,
    resampling_weights,
)
from alpharl_bench.scoring.sequential import Analysis, planned_samples
from benchmarks.coverage.settings import ASKED, SETTINGS, Setting
from benchmarks.coverage.text import markdown, percent
from benchmarks.coverage.ways import WAYS, Way, naive
from benchmarks.coverage.within import of_answers

#: A question is answered 32 times, and scores can be looked at after every fourth.
SAMPLES, LOOKS = 32, 8
SCHEDULES = (1, 4, LOOKS)
ERROR = 1 - CONFIDENCE
#: Repetitions that are resampled at once; bounds the memory.
_BLOCK = 100


@dataclass(frozen=True)
class Sessions:
    """What simulated sessions found at every look, (looks, sessions) each.

    ``holds`` and ``fails`` are the two-sided p-values of the relative accuracy lying above its true
    value and below, unadjusted. ``analyses`` are by the number of looks those that a session takes
    them for, (that many, sessions).
    """

    holds: np.ndarray
    fails: np.ndarray
    analyses: Mapping[int, Sequence[Sequence[Analysis]]]

    def false_verdicts(self, levels: np.ndarray) -> tuple[float, float]:
        """The shares of sessions that call a statistic on its bound supported, and decided at all.

        The first look that decides ends a session.

        Args:
            levels: (looks, sessions) of each look; looks are evenly spaced, and the last has all
                samples.
        """
        every = len(self.holds) // len(levels)
        holds, fails = (p[every - 1 :: every] <= levels for p in (self.holds, self.fails))
        decided = holds | fails
        first = decided.argmax(axis=0)[None]
        supported = np.take_along_axis(holds, first, axis=0)
        return float(supported.mean()), float(decided.any(axis=0).mean())

    def levels(self, looks: int, way: Way) -> np.ndarray:
        """(looks, sessions) the level of each of so many looks."""
        return np.array([[way(one, looks, ERROR) for one in row] for row in self.analyses[looks]])


def tables(repetitions: int = 2000) -> list[str]:
    """Three rows for each setting: one look, four, eight."""
    rows = []
    for setting in SETTINGS:
        sessions = simulate(setting, repetitions)
        for looks in SCHEDULES:
            found = [
                sessions.false_verdicts(sessions.levels(looks, way))
                for way in (*WAYS.values(), naive)
            ]
            cells = [f"{percent(supported)} / {percent(decided)}" for supported, decided in found]
            rows.append([setting.name, f"{looks} × {SAMPLES // looks}", *cells])
    headers = ["on its bound: supported / decided", "looks × samples", *WAYS, "naive: 5 % each"]
    return [markdown(rows, headers)]


def simulate(setting: Setting, repetitions: int, resamples: int = RESAMPLES) -> Sessions:
    """Sample sessions and resample them as a verdict does.

    Args:
        setting: the benchmarks.
        repetitions: how many sessions, rounded up to a multiple of a hundred.
        resamples: of each; all sessions share the weights, which do not depend on the data.
    """
    strata, line = tuple(setting.strata), Threshold(low=ASKED)
    weights, df = resampling_weights(strata, resamples).T, degrees_of_freedom(strata)
    rng = np.random.default_rng(1)
    holds, fails = np.empty((2, LOOKS, 0))
    analyses: dict[int, list[list[Analysis]]] = {n: [[] for _ in range(n)] for n in SCHEDULES}
    for _ in range(0, repetitions, _BLOCK):
        chances = np.stack([setting.chances(rng)[1:] for _ in range(_BLOCK)], axis=1)
        right = rng.random((*chances.shape, SAMPLES), np.float32) < chances[..., None]
        found = []
        for count in planned_samples(SAMPLES // LOOKS, LOOKS):
            full, variant = right[..., :count]
            values = _ratio(variant.mean(axis=-1), full.mean(axis=-1), weights)
            judged = np.isfinite(values).all(axis=-1)
            first = np.where(judged[:, None], values, ASKED).T
            p = line.p_holds(first, df), line.p_fails(first, df)
            found.append(np.where(judged, p, 1.0))
            drawn = _ratio(_flat(variant), _flat(full), of_answers(strata, count).T)
            for looks, rows in analyses.items():
                planned = planned_samples(SAMPLES // looks, looks)
                if count in planned:
                    rows[planned.index(count)] += [
                        _analysis(planned, count, *pair) for pair in zip(values, drawn, strict=True)
                    ]
        holds, fails = (
            np.concatenate(pair, axis=1)
            for pair in zip((holds, fails), np.swapaxes(found, 0, 1), strict=True)
        )
    return Sessions(holds, fails, analyses)


def _ratio(variant: np.ndarray, full: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(block, B) the relative accuracy from (block, units) shares or answers."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: np.ndarray = (variant @ weights) / (full @ weights)
    return ratio


def _flat(answers: np.ndarray) -> np.ndarray:
    return answers.reshape(len(answers), -1).astype(np.float32)


def _analysis(
    planned: Sequence[int], count: int, values: np.ndarray, drawn: np.ndarray
) -> Analysis:
    with np.errstate(invalid="ignore"):
        return this_analysis(planned, count, values, lambda: drawn)
