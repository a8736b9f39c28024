"""p-values far out: how often they are small by chance, and what ten million resamples say.

A bootstrap of B resamples that counts those beyond a bound has no p-value below about 2/B. The
tail that goes on from the last ten resamples must not be too short: with the truth on the bound,
p ≤ α in a share α of sessions. And it should be right: where far more resamples do reach the bound,
their number is the p-value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import scipy

from alpharl_bench.scoring import RESAMPLES, p_above, resampling_weights
from alpharl_bench.scoring.bootstrap import TAIL
from benchmarks.coverage.settings import EVEN, Setting, alike
from benchmarks.coverage.text import markdown, percent

#: Answers to each question.
SAMPLES = 4
SIZES = (30, 150, 500)
LEVELS = (0.01, 0.001, 0.0001)
#: So few resamples that the tail decides at all but the first level.
FEW = 2000
#: What is taken for the truth.
MANY = 10_000_000
#: How far from the mean the bounds of the fixed data sets lie, in standard deviations.
FAR = (3.7, 4.2, 4.7)
#: Sessions or resamples at once; bounds the memory.
_BLOCK, _STREAMED = 500, 20_000

#: From the accuracies of two models to a statistic.
Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]
#: And what each is if the models are alike.
STATISTICS: Mapping[str, tuple[Statistic, float]] = {
    "difference of accuracies": (lambda full, other: other - full, 0.0),
    "ratio of accuracies": (lambda full, other: other / full, 1.0),
}


def tables(repetitions: int = 200_000) -> list[str]:
    """The shares of small p-values, and the comparison with many resamples."""
    shares = {size: small(size, repetitions) for size in SIZES}
    levels = [
        [
            name,
            str(size),
            *(percent(share, 3) for share in shares[size][name]),
            f"{counted(0, RESAMPLES, size - 1):.1g}",
        ]
        for name in STATISTICS
        for size in SIZES
    ]
    headers = ["on its bound", "questions", *(f"p ≤ {level:g}" for level in LEVELS)]
    agreed = [
        [f"{name}, {size} questions", *_compared(found)]
        for size in SIZES[:2]
        for name, found in agreement(size).items()
    ]
    return [
        markdown(levels, [*headers, f"least p by counting {RESAMPLES:,}"]),
        markdown(
            agreed,
            [
                "far from its bound",
                "bounds",
                f"p of {MANY:,} resamples",
                f"tail of {RESAMPLES:,} / p: median",
                "lowest and highest",
                f"counting {RESAMPLES:,} / p: median",
                "highest",
            ],
        ),
    ]


def small(size: int, repetitions: int, resamples: int = FEW) -> dict[str, np.ndarray]:
    """The shares of sessions with a p-value of at most each level, the truth being on the bound.

    Args:
        size: the number of questions.
        repetitions: how many sessions, rounded up to a multiple of five hundred.
        resamples: of each; all sessions share the weights, which do not depend on the data.

    Returns:
        By statistic, (levels,). Either side counts: the statistic above its bound or below.
    """
    weights = resampling_weights([""] * size, resamples).T
    rng = np.random.default_rng(1)
    found: dict[str, list[np.ndarray]] = {name: [] for name in STATISTICS}
    for _ in range(0, repetitions, _BLOCK):
        full, other = _drawn(size, _BLOCK, rng) @ weights
        for name, (statistic, truth) in STATISTICS.items():
            values = statistic(full, other).T
            sides = p_above(values, truth, size - 1), p_above(-values, -truth, size - 1)
            found[name].append(np.minimum(*sides))
    return {
        name: (np.concatenate(p) <= np.array(LEVELS)[:, None]).mean(axis=1)
        for name, p in found.items()
    }


def counted(below: int | np.ndarray, resamples: int, df: float) -> np.ndarray:
    """The two-sided p-value by the number of resamples beyond a bound alone."""
    z = scipy.stats.norm.ppf((np.asarray(below) + 1) / (resamples + 1))
    p: np.ndarray = np.minimum(1, 2 * scipy.stats.t.cdf(z, df))
    return p


@dataclass(frozen=True)
class Agreement:
    """p-values of fixed data sets with their bounds, (bounds,) each.

    ``tail`` are those of the continued tail, ``counting`` those of as many resamples alone, and
    ``many`` those of far more resamples, of which at least ten lie beyond the bound.
    """

    tail: np.ndarray
    counting: np.ndarray
    many: np.ndarray


def agreement(size: int, many: int = MANY, sets: int = 10) -> dict[str, Agreement]:
    """Compare with far more resamples, by statistic.

    Args:
        size: the number of questions.
        many: the number of resamples that are streamed, rounded up to a multiple of 20,000.
        sets: the number of data sets; each has bounds at three distances on both sides.
    """
    shares = _drawn(size, sets, np.random.default_rng(2))  # (2, sets, n)
    weights = resampling_weights([""] * size, RESAMPLES).T
    values = {name: of(*(shares @ weights)) for name, (of, _) in STATISTICS.items()}
    far = np.array([*(-far for far in FAR), *FAR])[:, None]
    bounds = {name: of.mean(axis=1) + far * of.std(axis=1) for name, of in values.items()}
    beyond = {name: np.zeros(bound.shape, dtype=int) for name, bound in bounds.items()}
    streamed, rows = 0, size * np.arange(_STREAMED)[:, None]
    rng = np.random.default_rng(3)
    while streamed < many:
        drawn = rng.integers(size, size=(_STREAMED, size - 1)) + rows
        counts = np.bincount(drawn.ravel(), minlength=size * _STREAMED).reshape(_STREAMED, size)
        means = shares @ (counts.T / (size - 1))
        for name, (of, _) in STATISTICS.items():
            beyond[name] += _beyond(of(*means), bounds[name])
        streamed += _STREAMED
    found = {}
    for name, bound in bounds.items():
        tail = np.array([_tail(values[name], row, size - 1) for row in bound])
        counting = counted(_beyond(values[name], bound), RESAMPLES, size - 1)
        enough = beyond[name] >= TAIL
        p = counted(beyond[name], streamed, size - 1)
        found[name] = Agreement(tail[enough], counting[enough], p[enough])
    return found


def _drawn(size: int, sessions: int, rng: np.random.Generator) -> np.ndarray:
    """(2, sessions, n) shares of right answers of two models that are alike."""
    full = Setting("", (size * sessions,), (EVEN,)).chances(rng)[1]
    chances = np.stack([full, alike(full, rng)]).reshape(2, sessions, size)
    shares: np.ndarray = rng.binomial(SAMPLES, chances) / SAMPLES
    return shares


def _beyond(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """(bounds, sets) how many of (sets, B) values lie below the lower bounds and above the rest."""
    below, above = bounds[: len(FAR), :, None], bounds[len(FAR) :, :, None]
    return np.concatenate([(values < below).sum(axis=-1), (values > above).sum(axis=-1)])


def _tail(values: np.ndarray, bounds: np.ndarray, df: float) -> list[float]:
    """The p-values of (sets, B) values lying on the other side of their bounds than their mean."""
    return [
        float(p_above(of, bound, df) if bound < of.mean() else p_above(-of, -bound, df))
        for of, bound in zip(values, bounds.tolist(), strict=True)
    ]


def _compared(found: Agreement) -> list[str]:
    tail, counting = found.tail / found.many, found.counting / found.many
    return [
        str(len(tail)),
        f"{found.many.min():.1e} … {found.many.max():.1e}",
        f"{np.median(tail):.2f}",
        f"{tail.min():.2f}, {tail.max():.2f}",
        f"{np.median(counting):.1f}",
        f"{counting.max():.0f}",
    ]
