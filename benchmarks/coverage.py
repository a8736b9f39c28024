"""How often intervals cover the truth and verdicts are false, on synthetic benchmarks.

    python -m benchmarks.coverage

Questions differ in difficulty. Base, fully trained model and variant answer the same questions,
each a fixed number of times, and the truth is the mean over all questions there could be: known in
closed form. Intervals and p-values are those of :mod:`alpharl_bench.scoring.bootstrap`;
docs/statistics.md explains them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from tabulate import tabulate

from alpharl_bench.claims import Threshold
from alpharl_bench.scoring import (
    CONFIDENCE,
    RESAMPLES,
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
)

#: A question is answered 32 times, and scores can be looked at after every fourth.
SAMPLES, LOOKS = 32, 8
#: What Rank-1 is asked for, and so the true relative accuracy of the variant.
ASKED = 0.99
#: Repetitions that are resampled at once; bounds the memory.
_BLOCK = 100

#: From accuracies of base, full and variant to a statistic.
Statistic = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
STATISTICS: dict[str, Statistic] = {
    "accuracy": lambda _base, full, _variant: full,
    "relative accuracy": lambda _base, full, variant: variant / full,
    "recovered gain": lambda base, full, variant: (variant - base) / (full - base),
}


@dataclass(frozen=True)
class Difficulty:
    """How the chances of a right answer spread over the questions of a benchmark.

    ``base`` and ``lift`` are parameters of Beta distributions: of the base's chance, and of the
    part of the rest that training gains.
    """

    base: tuple[float, float]
    lift: tuple[float, float]

    @property
    def accuracies(self) -> tuple[float, float]:
        """The true ones of base and fully trained model."""
        base, lift = (a / (a + b) for a, b in (self.base, self.lift))
        return base, base + (1 - base) * lift


EVEN = Difficulty(base=(1, 3), lift=(2, 2))
BIMODAL = Difficulty(base=(0.2, 0.6), lift=(0.4, 0.4))
HARD = Difficulty(base=(0.1, 1.4), lift=(0.2, 0.8))
#: A model that answers hardly any question: where thirty of them are too few for any bootstrap.
RARE = Difficulty(base=(0.05, 0.95), lift=(0.05, 0.95))
MIXED = (30, 30, 500, 272, 198, 1319)


@dataclass(frozen=True)
class Setting:
    """Benchmarks of some sizes and difficulties, over which accuracies are averaged."""

    name: str
    sizes: tuple[int, ...]
    difficulties: tuple[Difficulty, ...]

    @property
    def strata(self) -> list[str]:
        """The benchmark of every question."""
        return [str(i) for i, size in enumerate(self.sizes) for _ in range(size)]

    @property
    def accuracies(self) -> tuple[float, float, float]:
        """The true ones of base, full and variant, whose relative accuracy is what is asked."""
        base, full = np.mean([d.accuracies for d in self.difficulties], axis=0)
        return float(base), float(full), float(ASKED * full)

    def chances(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw (n,) chances of a right answer of base, full and variant.

        The variant keeps a share of the gain on average, and differs from that by a Beta
        distribution of concentration 20 on every question.
        """
        true_base, true_full, true_variant = self.accuracies
        kept = (true_variant - true_base) / (true_full - true_base)
        pairs = list(zip(self.sizes, self.difficulties, strict=True))
        base = np.concatenate([rng.beta(*d.base, size) for size, d in pairs])
        lift = np.concatenate([rng.beta(*d.lift, size) for size, d in pairs])
        full = base + (1 - base) * lift
        mean = np.clip(base + kept * (full - base), 1e-9, 1 - 1e-9)
        return base, full, rng.beta(20 * mean, 20 * (1 - mean))


SETTINGS = (
    Setting("30 questions", (30,), (EVEN,)),
    Setting("30 questions, bimodal", (30,), (BIMODAL,)),
    Setting("30 questions, hard", (30,), (HARD,)),
    Setting("500 questions", (500,), (EVEN,)),
    Setting("500 questions, bimodal", (500,), (BIMODAL,)),
    Setting("mean of six benchmarks", MIXED, (BIMODAL, HARD, EVEN, EVEN, BIMODAL, EVEN)),
    Setting("30 questions, accuracy 0.1", (30,), (RARE,)),
)


@dataclass(frozen=True)
class Sessions:
    """What simulated sessions found.

    ``covered`` is the share of 95 % intervals, from all samples, that hold the truth, per
    statistic; intervals that a report leaves out (no clear gain, a resample without an answer)
    do not count. ``p`` (looks, sessions) are p-values of the relative accuracy being at least its
    true value, unadjusted, and ``above`` whether it looked so.
    """

    covered: dict[str, float]
    p: np.ndarray
    above: np.ndarray

    def false_verdicts(self, looks: int, factor: int) -> tuple[float, float]:
        """The shares of sessions that call a statistic on its bound supported, and decided at all.

        The first look that decides ends a session.

        Args:
            looks: how many there are, evenly spaced; the last has all samples.
            factor: of the p-values; as many as looks is Bonferroni's correction, 1 is none.
        """
        taken = slice(LOOKS // looks - 1, None, LOOKS // looks)
        decided = factor * self.p[taken] <= 1 - CONFIDENCE
        first = decided.argmax(axis=0)[None]
        supported = np.take_along_axis(decided & self.above[taken], first, axis=0)
        return float(supported.mean()), float(decided.any(axis=0).mean())


def simulate(setting: Setting, repetitions: int, resamples: int = RESAMPLES) -> Sessions:
    """Sample sessions and resample them as a verdict does.

    Args:
        setting: the benchmarks.
        repetitions: how many sessions, rounded up to a multiple of a hundred.
        resamples: of each; all sessions share the weights, which do not depend on the data.
    """
    weights, df = resampling_weights(setting.strata, resamples), degrees_of_freedom(setting.strata)
    truth = {name: float(f(*map(np.asarray, setting.accuracies))) for name, f in STATISTICS.items()}
    rng = np.random.default_rng(1)
    covered, p, above = [], [], []
    for _ in range(0, repetitions, _BLOCK):
        chances = np.stack([setting.chances(rng) for _ in range(_BLOCK)], axis=-1)  # (3, n, block)
        right = np.zeros(chances.shape)
        for look in range(1, LOOKS + 1):
            right += rng.binomial(SAMPLES // LOOKS, chances)
            means = [weights @ (answers * LOOKS / (look * SAMPLES)) for answers in right]
            values = _values("relative accuracy", means)
            judged = np.isfinite(values).all(axis=0)
            p.append(np.where(judged, Threshold(low=ASKED).p_value(values, df), 1))
            above.append((values > ASKED).mean(axis=0) > 0.5)
        learned = percentile_interval(means[1] - means[0], df)[0] > 0
        covered.append([_covers(name, means, t, df, learned) for name, t in truth.items()])
    by_look = (-1, LOOKS, _BLOCK)
    return Sessions(
        dict(zip(truth, np.nanmean(covered, axis=(0, 2)), strict=True)),
        np.concatenate(np.reshape(p, by_look), axis=1),
        np.concatenate(np.reshape(above, by_look), axis=1),
    )


def _covers(
    name: str, means: list[np.ndarray], truth: float, df: float, learned: np.ndarray
) -> np.ndarray:
    """(block,) 1 or 0, NaN where a report shows no interval; only an accuracy needs no gain."""
    values = _values(name, means)
    low, high = percentile_interval(values, df)
    shown = np.isfinite(values).all(axis=0) & (learned | (name == "accuracy"))
    return np.where(shown, (low <= truth) & (truth <= high), np.nan)


def _values(name: str, means: list[np.ndarray]) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return STATISTICS[name](*means)


def main(
    repetitions: Annotated[int, typer.Option(help="Simulated sessions per cell.")] = 2000,
    resamples: Annotated[int, typer.Option(help="Of each session.")] = RESAMPLES,
) -> None:
    """Print both tables."""
    coverage, verdicts = [], []
    for setting in SETTINGS:
        sessions = simulate(setting, repetitions, resamples)
        coverage.append([setting.name, *(f"{share:.1%}" for share in sessions.covered.values())])
        for looks in (1, 4, 8):
            corrected, naive = (sessions.false_verdicts(looks, factor) for factor in (looks, 1))
            cells = [f"{share:.1%}" for share in (*corrected, *naive)]
            verdicts.append([setting.name, f"{looks} × {SAMPLES // looks}", *cells])
    headers = ["95 % interval covers", *STATISTICS]
    typer.echo(tabulate(coverage, headers, tablefmt="github") + "\n")
    headers = ["statistic on its bound", "analyses × samples", "supported", "decided"]
    headers += ["naive: supported", "naive: decided"]
    typer.echo(tabulate(verdicts, headers, tablefmt="github"))


if __name__ == "__main__":
    typer.run(main)
