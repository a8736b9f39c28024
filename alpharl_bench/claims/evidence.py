"""What a claim is judged by: the tables that were measured on a run, without the model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from alpharl_bench.baselines import strictest
from alpharl_bench.claims.claim import Claim, Point
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import Kind
from alpharl_bench.scoring import Score
from alpharl_bench.tables import Means, Query, Table, table
from alpharl_bench.tables.scores import SCORES
from alpharl_bench.variants import Variant

T = TypeVar("T")


@dataclass(frozen=True)
class Evidence:
    """Everything that was measured on one run, of this ``kind`` of training.

    ``tables`` are by name what was measured of each; those that are not there were not asked for.
    With a ``bar`` every accuracy is one above the bar's: that of the readable responses of this
    variant.
    """

    run: str
    steps: Sequence[int]
    tables: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = "RL"
    bar: Variant | None = None

    def __getitem__(self, of: Table[T]) -> T:
        """What was measured of a table; its ``empty`` where it was not."""
        measured: T = self.tables.get(of.name, of.empty)
        return measured

    @property
    def scores(self) -> Mapping[str, Score]:
        """The scores by the variant's label; all of them hold the same questions."""
        return self[SCORES].scores

    def score(self, variant: Variant) -> Score:
        """The score of a variant.

        Raises:
            AlphaRLBenchError: it was not scored, or on other questions than the rest.
        """
        with self._named():
            return self[SCORES].score(variant)

    def limited(self, samples: int) -> "Evidence":
        """The evidence of the first samples of every question only."""
        limited = {name: table(name).limited(of, samples) for name, of in self.tables.items()}
        return replace(self, tables=limited)

    def points(self, claim: Claim) -> list[Point]:
        """The points of a claim's curve, without optional ones that were not scored."""
        points = claim.curve.points(self.steps)
        return [p for p in points if not p.optional or p.variant.label in self.scores]

    def observed(self, claim: Claim) -> Means:
        """The means over tasks of their means over questions, or over other units; (1,) per column.

        They make the point estimate.
        """
        with self._named():
            means = claim.reads_from.observed(self[claim.reads_from], self._query(claim))
            return self._above(means, self[SCORES].observed_readable)

    def resampled(self, claim: Claim) -> Means:
        """The same means over bootstrap resamples of the units, (B,) per column."""
        query = self._query(claim)
        key = claim.table, query
        if key not in self._resampled:
            of = claim.reads_from
            with self._named():
                means = of.resampled(self[of], query)
                self._resampled[key] = self._above(means, self[SCORES].readable_accuracies)
        return self._resampled[key]

    def within(self, variants: Sequence[Variant], resamples: int = 400) -> Means:
        """The means over all questions with the samples of each resampled.

        Args:
            variants: the variants, with at least two samples of each question.
            resamples: the number of resamples; 400 give the variance to 7 %.
        """
        return SCORES.resampled_within(self[SCORES], Query(variants=tuple(variants)), resamples)

    def resampled_within(self, claim: Claim) -> Means:
        """The same of the variants that a claim reads."""
        variants = self._query(claim).variants
        if self.bar is None:
            return self.within(variants)
        means, scores = self.within([*variants, self.bar]), self[SCORES]
        # The share of readable responses is taken as observed: it varies little beside the rest.
        with np.errstate(divide="ignore", invalid="ignore"):
            unread = scores.observed_readable(self.bar) / scores.observed_accuracy(self.bar)
        return self._above(means, lambda bar: means[bar] * np.nan_to_num(unread, nan=1.0))

    @property
    def strictest(self) -> Variant | None:
        """The baseline that did best on the validation split; None where none was scored."""
        found = self[SCORES].decodings
        return strictest(found) if found else None

    def above(self, bar: Variant) -> "Evidence":
        """The same evidence, its accuracies as what they are above those of a baseline."""
        return replace(self, bar=bar)

    def _above(self, means: Means, accuracy: Callable[[Variant], np.ndarray]) -> Means:
        if self.bar is None:
            return means
        bar = accuracy(self.bar)
        return {c: m - bar if isinstance(c, Variant) else m for c, m in means.items()}

    def observed_accuracy(self, variant: Variant) -> np.ndarray:
        """(1,) the accuracy of a variant: the mean over tasks of their means over questions."""
        with self._named():
            return self[SCORES].observed_accuracy(variant)

    def accuracies(self, variant: Variant) -> np.ndarray:
        """(B,) the same over bootstrap resamples of the questions, paired between variants."""
        with self._named():
            return self[SCORES].accuracies(variant)

    def strata(self, claim: Claim) -> list[str]:
        """(n,) the task of every question; of other units nothing, they are not drawn."""
        with self._named():
            return claim.reads_from.strata(self[claim.reads_from])

    @property
    def tasks(self) -> list[str]:
        """(n,) the task of every question."""
        with self._named():
            return self[SCORES].tasks

    @property
    def questions(self) -> tuple[tuple[str, str], ...]:
        """(n,) the task and the id of every question."""
        with self._named():
            return self[SCORES].questions

    def size(self, claim: Claim) -> int:
        """How many units the claim's interval rests on."""
        return len(self.strata(claim))

    @property
    def samples(self) -> int:
        """How many responses to every question were graded."""
        with self._named():
            return self[SCORES].samples

    def _query(self, claim: Claim) -> Query:
        """What the claim reads here, without optional variants that were not scored."""
        known = {v for point in self.points(claim) for v in (point.variant, point.reference)}
        query = claim.query(self.steps)
        return replace(query, variants=tuple(v for v in query.variants if v in known))

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say of which run something is missing."""
        try:
            yield
        except AlphaRLBenchError as error:
            raise AlphaRLBenchError(f"run '{self.run}': {error}") from error

    @cached_property
    def _resampled(self) -> dict[tuple[Any, ...], Means]:
        """Resampled means of the tables: a report asks for each many times."""
        return {}
