"""A claim over several runs: the sentence of a paper that speaks of models, not of one training.

Runs stand in clusters that are independent of each other: bases, or trainings of one recipe with
different seeds. The mean over clusters of the mean over their runs is the estimate. Its variance
has two parts: how the clusters differ, var(cluster means)/C, and the questions, which all clusters
share: the mean covariance between two clusters over resamples of the questions. What questions and
samples add to one cluster alone is in the first part already. Student's t has the degrees of
freedom of both parts by Satterthwaite's formula; with a few clusters that is C − 1 and little more.
docs/statistics.md has the simulation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy

from alpharl_bench.claims.claim import Claim, Null, Threshold
from alpharl_bench.claims.controls import Control
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.claims.extremes import extreme, interval, p_values
from alpharl_bench.claims.measures import Interval
from alpharl_bench.claims.outcome import Outcome, by_line
from alpharl_bench.scoring import CONFIDENCE, degrees_of_freedom
from alpharl_bench.tables import Means

#: The fewest clusters whose spread is taken for that of more.
CLUSTERS = 3
# Resamples of the questions that a covariance is taken over; 2,000 give it to a few per cent.
_RESAMPLES = 2000


@dataclass(frozen=True)
class Number:
    """A statistic of one run: (…) observed, and (…, B) over resamples; of a fact B is 1."""

    observed: np.ndarray
    resampled: np.ndarray


@dataclass(frozen=True)
class Part:
    """What one run adds to a pool.

    ``statistic`` is the claim's own; ``beyond`` is by control what the run's statistic is above it.
    ``questions`` tells sets of questions apart.
    """

    statistic: Number
    beyond: Mapping[str, Number]
    df: float
    questions: int


@dataclass(frozen=True)
class Pooled:
    """The verdict on a claim over several runs.

    ``over`` says what the clusters are, as ``4 bases``. ``value`` is at 95 %, with ``df`` degrees
    of freedom.
    """

    claim: Claim
    over: str
    runs: tuple[str, ...]
    clusters: int
    outcome: Outcome
    value: Interval
    df: float
    p_value: float
    controls: Mapping[str, Control] = field(default_factory=dict)

    @property
    def practical(self) -> Outcome | None:
        """The outcome by the claim's practical line; None of a claim that has none."""
        line = self.claim.practical
        return by_line(line, self.value) if line else None


def part_of(claim: Claim, evidence: Evidence) -> Part | None:
    """What a run adds to a pool; None where the statistic has no number there."""
    observed = evidence.observed(claim)
    resampled = observed
    if claim.of_a_sample:
        resampled = {c: of[..., :_RESAMPLES] for c, of in evidence.resampled(claim).items()}

    def number(statistic: Callable[[Means], np.ndarray]) -> Number:
        with np.errstate(divide="ignore", invalid="ignore"):
            return Number(statistic(observed)[..., 0], statistic(resampled))

    def own(means: Means) -> np.ndarray:
        return claim.statistic(means, evidence.steps)

    def beyond(null: Null) -> Callable[[Means], np.ndarray]:
        def difference(means: Means) -> np.ndarray:
            drawn = extreme(null.statistic(means, evidence.steps), claim.extremes)
            # Of draws from a null the mean: what is left of chance in it is in every run's number.
            apart: np.ndarray = extreme(own(means), claim.extremes) - np.atleast_2d(drawn).mean(0)
            return apart

        return difference

    statistic = number(own)
    differences = {n.name: number(beyond(n)) for n in (*claim.nulls, *claim.ceilings)}
    numbers = (statistic, *differences.values())
    if not all(np.isfinite(of).all() for n in numbers for of in (n.observed, n.resampled)):
        return None
    asked = evidence.questions if claim.of_a_sample else ()
    df = degrees_of_freedom(evidence.strata(claim)) if claim.of_a_sample else np.inf
    return Part(statistic, differences, df, hash(asked))


def pool(claim: Claim, over: str, clusters: Mapping[str, Mapping[str, Part]]) -> Pooled | None:
    """Judge a claim over the runs of several clusters.

    Args:
        claim: the claim.
        over: what the clusters are, in the plural.
        clusters: the runs of each, by name.

    Returns:
        The verdict; None where fewer than :data:`CLUSTERS` clusters answered the same questions.
    """
    alike = _same_questions(clusters)
    if len(alike) < CLUSTERS:
        return None
    parts = [list(runs.values()) for runs in alike.values()]
    mean = _Mean.of([[part.statistic for part in runs] for runs in parts], parts[0][0].df)
    line, error = claim.threshold, 1 - CONFIDENCE
    holds, fails = p_values(*mean.p_values(line), claim.extremes, line)
    found = {}
    for null in (*claim.nulls, *claim.ceilings):
        ceiling = null in claim.ceilings
        beyond = _Mean.of([[p.beyond[null.name] for p in runs] for runs in parts], parts[0][0].df)
        low, high = beyond.ends(CONFIDENCE)
        told = high < 0 if (line.direction < 0) != ceiling else low > 0
        shown = Interval(float(beyond.estimate), float(low), float(high))
        found[null.name] = Control(shown, not told, ceiling)
    outcome = Outcome.INCONCLUSIVE
    if min(holds, fails) <= error:
        held = holds <= error
        informative = not any(c.alike and c.ceiling != held for c in found.values())
        outcome = Outcome.of(held=held, informative=informative, origin=line.origin)
    return Pooled(
        claim,
        f"{len(alike)} {over}",
        tuple(name for runs in alike.values() for name in runs),
        len(alike),
        outcome,
        Interval(
            float(extreme(mean.estimate[..., None], claim.extremes)[0]),
            *interval(mean.ends, claim.extremes, CONFIDENCE),
        ),
        float(np.min(mean.df)),
        min(holds, fails),
        found,
    )


def _same_questions(clusters: Mapping[str, Mapping[str, Part]]) -> dict[str, dict[str, Part]]:
    """The runs that were asked the questions that most were asked."""
    asked = [part.questions for runs in clusters.values() for part in runs.values()]
    most = max(asked, key=asked.count, default=0)
    same = {
        cluster: {name: part for name, part in runs.items() if part.questions == most}
        for cluster, runs in clusters.items()
    }
    return {cluster: runs for cluster, runs in same.items() if runs}


@dataclass(frozen=True)
class _Mean:
    """A mean over clusters, (…) each: the estimate, its standard error, degrees of freedom."""

    estimate: np.ndarray
    error: np.ndarray
    df: np.ndarray

    @classmethod
    def of(cls, clusters: Sequence[Sequence[Number]], df: float) -> "_Mean":
        count = len(clusters)
        observed = np.array([np.mean([n.observed for n in runs], axis=0) for runs in clusters])
        between = observed.var(axis=0, ddof=1) / count
        resampled = np.array([np.mean([n.resampled for n in runs], axis=0) for runs in clusters])
        whole, alone = resampled.sum(axis=0).var(axis=-1), resampled.var(axis=-1).sum(axis=0)
        shared = np.maximum((whole - alone) / (count * (count - 1)), 0)
        variance = between + shared
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = variance**2 / (between**2 / (count - 1) + shared**2 / df)
        freedom = np.where(variance > 0, freedom, count - 1)
        return cls(observed.mean(axis=0), np.sqrt(variance), freedom)

    def ends(self, confidence: float) -> tuple[np.ndarray, np.ndarray]:
        reach = scipy.stats.t.isf((1 - confidence) / 2, self.df) * self.error
        return self.estimate - reach, self.estimate + reach

    def p_values(self, line: Threshold) -> tuple[np.ndarray, np.ndarray]:
        """(…) the two-sided p-values of lying inside a line, and outside."""
        inside = [self._above(1, line.low), self._above(-1, line.high)]
        outside = [self._above(-1, line.low), self._above(1, line.high)]
        return np.maximum(*inside), np.minimum(*outside)

    def _above(self, sign: int, bound: float) -> np.ndarray:
        """(…) the two-sided p-value of lying above a bound, or with a sign of −1 below it."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = sign * (self.estimate - bound) / self.error
        # Clusters that are all alike, on the bound: nothing is known of either side.
        p: np.ndarray = np.minimum(1, 2 * scipy.stats.t.sf(np.nan_to_num(t, nan=0.0), self.df))
        return p
