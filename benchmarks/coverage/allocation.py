"""Whether further samples should go where answers vary: Neyman's allocation, and its price.

A question that is always answered alike needs few samples, one that is answered by chance many. In
proportion to the standard deviation of a question's answers they would make the variance of an
accuracy least (Neyman 1934, JRSS 97:558). But a pilot of a few answers hardly tells the one from
the other. And the mean of all answers to a question, whose number depends on the first of them, is
biased: unbiased is what gives the pilot and the further answers weights that are fixed beforehand.
Nor can variants then take the same samples under the same seeds, by which their answers are paired.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alpharl_bench.variants import FULL, percent, rank
from benchmarks.coverage.nano import Answers
from benchmarks.coverage.settings import BIMODAL, EVEN, HARD, Setting
from benchmarks.coverage.text import markdown

#: Samples to each question of the pilot, and of both stages on average.
DESIGNS = ((2, 8), (4, 16), (4, 32), (8, 32))
RUN = "qwen3-carry-grpo"
#: Added to the right and to the wrong answers of a pilot (Jeffreys), so that none seems certain.
PRIOR = 0.5
#: Whose relative accuracies are paired.
PAIRED = {"Rank-1": rank(1), "Rank-10 %": percent(10), "α = 0.5": rank(1, alpha=0.5)}
#: Of the synthetic benchmarks; and by how many answers of the urn a chance of the lane is known.
_QUESTIONS, _ANSWERS = 2000, 1000


@dataclass(frozen=True)
class Gain:
    """What allocation does to the variance of a relative accuracy.

    ``known`` and ``piloted`` are how many times as many samples a uniform allocation takes for the
    same variance: if the chances of all questions were known, and by a pilot with the best fixed
    weights. ``whole`` is the variance of a uniform allocation over that by the pilot, at as many
    samples, the choice of the questions included. ``bias`` is that of the accuracy of the fully
    trained model where all answers to a question are pooled, ``error`` its standard error within
    150 questions.
    """

    known: float
    piloted: float
    whole: float
    bias: float
    error: float


def tables(repetitions: int = 500) -> list[str]:
    """One row for each distribution of chances and design."""
    rows = []
    for name, chances in _chances().items():
        for pilot, mean in DESIGNS:
            found = gain(chances, pilot, mean, repetitions)
            cells = (f"{ratio:.2f}" for ratio in (found.known, found.piloted, found.whole))
            points = (f"{100 * found.bias:+.2f}".replace("-", "−"), f"{100 * found.error:.2f}")
            rows.append([name, f"{pilot} of {mean}", *cells, *points])
    headers = [
        "chances of a right answer",
        "pilot of all samples",
        "uniform / Neyman: chances known",
        "by the pilot",
        "whole variance",
        "bias of pooling, points of accuracy",
        "standard error within 150 questions",
    ]
    paired = [[name, f"{ratio:.2f}"] for name, ratio in pairing().items()]
    return [
        markdown(rows, headers),
        markdown(paired, [f"relative accuracy, {RUN}", "variance within: unpaired / paired"]),
    ]


def gain(chances: np.ndarray, pilot: int, mean: int, repetitions: int) -> Gain:
    """Draw pilots and what follows.

    Args:
        chances: (2, n) of a right answer of the fully trained model and of a variant.
        pilot: samples to every question in the first stage.
        mean: the mean number of samples to a question in both.
        repetitions: how often both are drawn.
    """
    rng = np.random.default_rng(1)
    first = rng.binomial(pilot, chances, (repetitions, *chances.shape))
    count = allocated(first, pilot, mean - pilot)
    second = rng.binomial(count, chances)
    full, variant = chances.mean(axis=1)
    # What a unit of variance of each accuracy adds to that of their ratio, but for a common factor.
    adds = np.array([(variant / full) ** 2, 1])
    variance = chances * (1 - chances)
    even = adds @ variance.mean(axis=1) / mean
    best = adds @ np.sqrt(variance).mean(axis=1) ** 2 / mean
    # The two stages are uncorrelated, as the second is right on average whatever the pilot was: of
    # two such estimates the best weights make the inverse of the variance the sum of theirs.
    of_pilot = adds @ variance.mean(axis=1) / pilot
    of_second = adds @ (variance * (1 / count).mean(axis=0)).mean(axis=1)
    piloted = 1 / (1 / of_pilot + 1 / of_second)
    between = np.var(chances[1] - variant / full * chances[0], ddof=1)
    pooled = ((first + second) / (pilot + count))[:, 0]
    return Gain(
        known=float(even / best),
        piloted=float(even / piloted),
        whole=float((between + even) / (between + piloted)),
        bias=float(pooled.mean() - full),
        error=float(np.sqrt(variance[0].mean() / mean / 150)),
    )


def allocated(right: np.ndarray, pilot: int, mean: int) -> np.ndarray:
    """(…, n) samples of the second stage, in proportion to the deviation that the pilot suggests.

    Args:
        right: (…, n) right answers of the pilot.
        pilot: answers of the pilot to each question.
        mean: the mean of what is returned; each is at least 1.
    """
    chance = (right + PRIOR) / (pilot + 2 * PRIOR)
    deviation = np.sqrt(chance * (1 - chance))
    wanted = mean * deviation / deviation.mean(axis=-1, keepdims=True)
    # The sums are rounded, so that whatever is cut off of one question the next one gets.
    sums = np.floor(wanted.cumsum(axis=-1) + 1e-9)
    samples: np.ndarray = np.maximum(np.diff(sums, prepend=0, axis=-1), 1).astype(int)
    return samples


def pairing() -> dict[str, float]:
    """How much larger the variance within questions of a ratio were, had its parts other seeds."""
    found = {}
    for name, variant in PAIRED.items():
        right = Answers.of(RUN, [FULL, variant]).right.astype(float)
        full, other = right.mean(axis=(0, 1))
        scaled = right * [other / full, 1]
        apart = scaled.var(axis=1, ddof=1).sum()
        found[name] = float(apart / np.diff(scaled).var(axis=1, ddof=1).sum())
    return found


def _chances() -> Mapping[str, np.ndarray]:
    """(2, n) chances of the fully trained model and of Rank-1 by the name of their distribution."""
    rng = np.random.default_rng(0)
    synthetic = {
        name: np.stack(Setting(name, (_QUESTIONS,), (difficulty,)).chances(rng)[1:])
        for name, difficulty in (("even", EVEN), ("bimodal", BIMODAL), ("hard", HARD))
    }
    answers = Answers.of(RUN, [FULL, rank(1)]).more(_ANSWERS, rng)
    return {**synthetic, f"{RUN}, {len(answers)} questions": answers.mean(axis=1).T}
