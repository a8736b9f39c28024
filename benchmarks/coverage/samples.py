"""How many samples to each question a decision takes, by each way to correct for several looks.

Looks at growing samples of the same questions are drawn from their joint normal distribution.
"""

from collections.abc import Sequence

import numpy as np
import scipy

from alpharl_bench.scoring import CONFIDENCE
from alpharl_bench.scoring.sequential import Analysis, planned_samples
from benchmarks.coverage.text import markdown, percent
from benchmarks.coverage.ways import WAYS, Way

#: Looks, and the samples that each adds.
SCHEDULES = ((4, 4), (8, 4))
#: The part of the full sample's variance that lies between questions.
BETWEEN = (0.1, 0.5, 0.9)
#: How far the truth is from the line, in standard errors of the full sample.
DISTANCES = (0, 1, 2, 3, 4)
ERROR = 1 - CONFIDENCE


def tables(repetitions: int = 200_000) -> list[str]:
    """One row for each schedule, part between questions and distance."""
    rows = []
    for looks, batch in SCHEDULES:
        planned = planned_samples(batch, looks)
        for between in BETWEEN:
            for distance in DISTANCES:
                found = [
                    needed(planned, way, between, distance, repetitions) for way in WAYS.values()
                ]
                (first, _), *others = found
                rows.append(
                    [
                        f"{looks} × {batch}",
                        percent(between, 0),
                        str(distance),
                        *(f"{samples:.1f} ({percent(power, 0)})" for samples, power in found),
                        *(f"{first / samples:.2f}" for samples, _ in others),
                    ]
                )
    headers = ["looks × samples", "between questions", "distance", *WAYS]
    headers += [f"Bonferroni / {name}" for name in list(WAYS)[1:]]
    return [markdown(rows, headers)]


def needed(
    planned: Sequence[int], way: Way, between: float, distance: float, repetitions: int
) -> tuple[float, float]:
    """The mean samples to each question until a decision, and how often it is the right one.

    What is never decided takes all samples.

    Args:
        planned: the samples of each look.
        way: how the looks share the error; they know the part within questions.
        between: the part of the full sample's variance that lies between questions.
        distance: of the truth above the line, in standard errors of the full sample; on the line
            every decision counts.
        repetitions: how many sequences of looks are drawn.
    """
    times = Analysis.of(planned, planned[-1], 1 - between).times
    levels = [way(Analysis(times[: n + 1]), len(planned), ERROR) for n in range(len(planned))]
    bounds = scipy.stats.norm.isf(np.array(levels) / 2)[:, None]
    rng = np.random.default_rng(1)
    samples = np.array(planned)[:, None]
    added = np.diff(planned, prepend=0)[:, None]
    # The mean of the first s samples is that of all questions and of s draws within them.
    shared = rng.normal(0, np.sqrt(between), repetitions)
    sums = rng.normal(0, np.sqrt((1 - between) * planned[-1] * added), (len(planned), repetitions))
    error = np.sqrt(between + (1 - between) * planned[-1] / samples)
    z = (distance + shared + sums.cumsum(axis=0) / samples) / error
    decided = np.abs(z) >= bounds
    first = np.where(decided.any(axis=0), decided.argmax(axis=0), len(planned) - 1)
    right = np.take_along_axis(decided & ((z > 0) | (distance == 0)), first[None], axis=0)
    return float(np.array(planned)[first].mean()), float(right.mean())
