"""A claim over several runs: the sentence of a paper that speaks of models, not of one training.

Runs stand in clusters that are independent of each other: bases, or trainings of one recipe with
different seeds. The mean over clusters of the mean over their runs is the estimate. Its variance
has two parts: how the clusters differ, var(cluster means)/C, and the questions, which all clusters
share: the mean covariance between two clusters over resamples of the questions. What questions and
samples add to one cluster alone is in the first part already. Each part has the Student's t of its
own degrees of freedom, C − 1 and those of the questions: the interval reaches √(t₁² V₁ + t₂² V₂)
(Banerjee 1960, Sankhyā 22:357). It covers at least as often as it says: the distribution function
of a squared normal number is concave, and each tᵢ² Vᵢ alone covers the share of the variance that
Vᵢ estimates. Satterthwaite's formula covers less often, as a spread of few clusters that is small
by chance counts as known. docs/statistics.md has the simulation of both.
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
# A p-value is looked for down to the first, and to the precision of a float.
_LEAST_P, _BISECTIONS = 1e-50, 60


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

    ``over`` says what the clusters are, as ``4 bases``; ``left_out`` are runs that have no number,
    or were asked other questions. ``value`` is at 95 %; ``df`` are the degrees of freedom at which
    Student's t reaches as far, from C − 1 to those of the questions. ``beyond`` says that every
    accuracy is what it is above that of the strictest baseline.
    """

    claim: Claim
    over: str
    runs: tuple[str, ...]
    left_out: tuple[str, ...]
    clusters: int
    outcome: Outcome
    value: Interval
    df: float
    p_value: float
    controls: Mapping[str, Control] = field(default_factory=dict)
    beyond: bool = False

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
    differences = {
        null.name: number(beyond(null))
        for null in (*claim.nulls, *claim.ceilings)
        if null.measured(observed)
    }
    numbers = (statistic, *differences.values())
    if not all(np.isfinite(of).all() for n in numbers for of in (n.observed, n.resampled)):
        return None
    asked = evidence.questions if claim.of_a_sample else ()
    df = degrees_of_freedom(evidence.strata(claim)) if claim.of_a_sample else np.inf
    return Part(statistic, differences, df, hash(asked))


def pool(
    claim: Claim, over: str, clusters: Mapping[str, Mapping[str, Part | None]]
) -> Pooled | None:
    """Judge a claim over the runs of several clusters.

    Args:
        claim: the claim.
        over: what the clusters are, in the plural.
        clusters: the runs of each, by name; None of a run that has no number.

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
        if not all(null.name in part.beyond for runs in parts for part in runs):
            continue
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
    taken = tuple(name for runs in alike.values() for name in runs)
    return Pooled(
        claim,
        f"{len(alike)} {over}",
        taken,
        tuple(name for runs in clusters.values() for name in runs if name not in taken),
        len(alike),
        outcome,
        Interval(
            float(extreme(mean.estimate[..., None], claim.extremes)[0]),
            *interval(mean.ends, claim.extremes, CONFIDENCE),
        ),
        float(np.min(mean.equivalent_df)),
        min(holds, fails),
        found,
    )


def _same_questions(
    clusters: Mapping[str, Mapping[str, Part | None]],
) -> dict[str, dict[str, Part]]:
    """The runs that were asked the questions that most were asked."""
    asked = [part.questions for runs in clusters.values() for part in runs.values() if part]
    most = max(asked, key=asked.count, default=0)
    same = {
        cluster: {name: part for name, part in runs.items() if part and part.questions == most}
        for cluster, runs in clusters.items()
    }
    return {cluster: runs for cluster, runs in same.items() if runs}


@dataclass(frozen=True)
class _Mean:
    """A mean over clusters, (…) each: the estimate, and both parts of its variance.

    ``spread`` is how the clusters differ, over their number; ``shared`` is what the questions, with
    ``df`` degrees of freedom, add to all of them alike.
    """

    estimate: np.ndarray
    spread: np.ndarray
    shared: np.ndarray
    clusters: int
    df: float

    @classmethod
    def of(cls, clusters: Sequence[Sequence[Number]], df: float) -> "_Mean":
        count = len(clusters)
        observed = np.array([np.mean([n.observed for n in runs], axis=0) for runs in clusters])
        resampled = np.array([np.mean([n.resampled for n in runs], axis=0) for runs in clusters])
        whole, alone = resampled.sum(axis=0).var(axis=-1), resampled.var(axis=-1).sum(axis=0)
        return cls(
            observed.mean(axis=0),
            observed.var(axis=0, ddof=1) / count,
            np.maximum((whole - alone) / (count * (count - 1)), 0),
            count,
            df,
        )

    @property
    def equivalent_df(self) -> np.ndarray:
        """(…) those of a Student's t that reaches as far, as many standard errors, at 95 %."""
        error = np.sqrt(self.spread + self.shared)
        outside = (1 - CONFIDENCE) / 2
        with np.errstate(invalid="ignore"):
            reach = self._reach(np.array(1 - CONFIDENCE)) / error
        found = scipy.special.stdtridf(1 - outside, reach)
        return np.where(error > 0, found, self.clusters - 1)

    def ends(self, confidence: float) -> tuple[np.ndarray, np.ndarray]:
        """(…) low and (…) high of the interval."""
        reach = self._reach(np.array(1 - confidence))
        return self.estimate - reach, self.estimate + reach

    def p_values(self, line: Threshold) -> tuple[np.ndarray, np.ndarray]:
        """(…) the two-sided p-values of lying inside a line, and outside."""
        bounds = [(s, b) for s, b in ((1, line.low), (-1, line.high)) if np.isfinite(b)]
        inside = [self._above(sign, bound) for sign, bound in bounds]
        outside = [self._above(-sign, bound) for sign, bound in bounds]
        return np.max(inside, axis=0), np.min(outside, axis=0)

    def _reach(self, error: np.ndarray) -> np.ndarray:
        """(…) how far the interval reaches at a two-sided error (…)."""
        of_clusters, of_questions = (
            scipy.special.stdtrit(df, error / 2) for df in (self.clusters - 1, self.df)
        )
        reach: np.ndarray = np.sqrt(of_clusters**2 * self.spread + of_questions**2 * self.shared)
        return reach

    def _above(self, sign: int, bound: float) -> np.ndarray:
        """(…) the two-sided p-value of lying above a bound, or with a sign of −1 below it.

        It is the error at which the interval reaches the bound, found by bisection of its
        logarithm.
        """
        ahead = sign * (self.estimate - bound)
        low, high = np.full_like(ahead, np.log(_LEAST_P)), np.zeros_like(ahead)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            excludes = self._reach(np.exp(middle)) <= ahead
            low, high = np.where(excludes, low, middle), np.where(excludes, middle, high)
        # Clusters that are all alike, on the bound: nothing is known of either side.
        return np.where(ahead > 0, np.exp(high), 1.0)
