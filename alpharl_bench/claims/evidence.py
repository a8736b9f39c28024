"""What a claim is judged by: a run's scores and figures of its modules, without the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from alpharl_bench.behaviour.embedding import EmbeddingShift
from alpharl_bench.behaviour.table import NO_BEHAVIOUR, Behaviour
from alpharl_bench.claims.claim import EVALUATION, Claim, Means, Point
from alpharl_bench.dynamics import ModuleDynamics
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.selection import TargetSelection
from alpharl_bench.grading import Mark
from alpharl_bench.registry import Kind
from alpharl_bench.scoring import Score, resampling_weights, unit_weights
from alpharl_bench.spectral import ModuleSpectrum
from alpharl_bench.variants import Variant
from alpharl_bench.windows import ScoredWindow


class _Row(Protocol):
    """A unit of a table."""

    @property
    def columns(self) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class Evidence:
    """Everything that was measured on one run, of this ``kind`` of training.

    ``scores`` are keyed by the variant's label; all of them hold the same questions. ``choices``
    are those of the forecasts among them, ``windows`` what the windows among them hold;
    ``evaluation`` is what it costs to score a model once on the validation split, in steps of the
    training; 0 where a step's cost is not known. ``behaviour`` is what claims read of chains of
    thought, ``embedding`` how far the token embeddings moved, None where it was not measured.
    """

    run: str
    steps: Sequence[int]
    scores: Mapping[str, Score]
    spectrum: Sequence[ModuleSpectrum]
    kind: Kind = "RL"
    dynamics: Sequence[ModuleDynamics] = ()
    choices: Sequence[TargetSelection] = ()
    windows: Sequence[ScoredWindow] = ()
    evaluation: float = 0.0
    behaviour: Behaviour = NO_BEHAVIOUR
    embedding: EmbeddingShift | None = None

    def score(self, variant: Variant) -> Score:
        """The score of a variant.

        Raises:
            AlphaRLBenchError: it was not scored, or on other questions than the rest.
        """
        if variant.label not in self.scores:
            raise AlphaRLBenchError(f"run '{self.run}': no stored score of '{variant.label}'")
        score = self.scores[variant.label]
        if score.questions != self._questions:
            raise AlphaRLBenchError(
                f"run '{self.run}': '{variant.label}' was scored on other questions"
            )
        return score

    def limited(self, samples: int) -> "Evidence":
        """The evidence of the first samples of every question only."""
        scores = {label: score.first(samples) for label, score in self.scores.items()}
        return replace(self, scores=scores)

    def points(self, claim: Claim) -> list[Point]:
        """The points of a claim's curve, without optional ones that were not scored."""
        points = claim.curve.points(self.steps)
        return [p for p in points if not p.optional or p.variant.label in self.scores]

    def observed(self, claim: Claim) -> Means:
        """The means over tasks of their means over questions, or over other units; (1,) per column.

        They make the point estimate.
        """
        if not claim.sampled:
            return self._means(claim, unit_weights(self.strata(claim))[None])
        variants = self._variants(claim)
        return self._cost | {variant: self.observed_accuracy(variant) for variant in variants}

    def resampled(self, claim: Claim) -> Means:
        """The same means over bootstrap resamples of the units, (B,) per column."""
        if not claim.sampled:
            key = claim.table, claim.by_block
            if key not in self._resampled_tables:
                weights = resampling_weights(self.strata(claim))
                self._resampled_tables[key] = self._means(claim, weights)
            return self._resampled_tables[key]
        variants = self._variants(claim)
        return self._cost | {variant: self.accuracies(variant) for variant in variants}

    def observed_accuracy(self, variant: Variant) -> np.ndarray:
        """(1,) the accuracy of a variant: the mean over tasks of their means over questions."""
        return self._mean(variant, unit_weights(self.tasks)[None])

    def accuracies(self, variant: Variant) -> np.ndarray:
        """(B,) the same over bootstrap resamples of the questions, paired between variants."""
        if variant not in self._resampled:
            self._resampled[variant] = self._mean(variant, resampling_weights(self.tasks))
        return self._resampled[variant]

    def resampled_within(self, claim: Claim, resamples: int = 400) -> Means:
        """The means over all questions with the samples of each resampled, (resamples,) per column.

        Their variance is what chance in the responses adds to the observed means: of k samples
        k − 1 are drawn, as of questions. A resample takes the same samples of every variant, so
        what they share by sampling with one seed stays shared.

        Args:
            claim: one about questions, with at least two samples each.
            resamples: how many; 400 give the variance to 7 %.
        """
        variants = self._variants(claim)
        right = np.stack([_right(self.score(variant)) for variant in variants])
        _, n, k = right.shape
        shares = (right * unit_weights(self.strata(claim))[:, None]).reshape(-1, n * k) / (k - 1)
        rng = np.random.default_rng(0)
        even = np.full(k, 1 / k)
        means = [shares @ rng.multinomial(k - 1, even, n).ravel() for _ in range(resamples)]
        return self._cost | dict(zip(variants, np.transpose(means), strict=True))

    def strata(self, claim: Claim) -> list[str]:
        """(n,) what each unit of the claim's interval is one of, and drawn from.

        The task of each question; of modules the block, where the claim compares blocks.
        """
        if claim.sampled:
            return self.tasks
        if claim.table == "behaviour":
            return [question.task for question in self.behaviour.questions]
        if claim.by_block:
            return [module.block for module in self.dynamics]
        return [""] * len(self._rows(claim))

    @property
    def tasks(self) -> list[str]:
        """(n,) the task of every question."""
        return [task for task, _ in self._questions]

    def size(self, claim: Claim) -> int:
        """How many units the claim's interval rests on."""
        return len(self.strata(claim))

    @property
    def samples(self) -> int:
        """How many responses to every question were graded."""
        return self._any.samples_per_question

    def _variants(self, claim: Claim) -> list[Variant]:
        """The scored variants that the claim is judged by, each once."""
        both = [v for point in self.points(claim) for v in (point.variant, point.reference)]
        return list(dict.fromkeys(both))

    @property
    def _cost(self) -> dict[Any, np.ndarray]:
        return {EVALUATION: np.array([self.evaluation])}

    def _means(self, claim: Claim, weights: np.ndarray) -> Means:
        rows = self._rows(claim)
        # What takes all singular values is there only where it was asked for.
        columns = [c for c in (rows[0] if rows else ()) if all(c in row for row in rows)]
        means = weights @ np.array([[row[column] for column in columns] for row in rows])
        return dict(zip(columns, means.T, strict=True))

    def _rows(self, claim: Claim) -> Sequence[Mapping[str, float]]:
        """What was measured of every unit of the claim's table, by column."""
        tables: Mapping[str, Sequence[_Row]] = {
            "spectrum": self.spectrum,
            "dynamics": self.dynamics,
            "behaviour": self.behaviour.questions,
            "embedding": self.embedding.tokens if self.embedding else (),
        }
        return [row.columns for row in tables[claim.table]]

    def _mean(self, variant: Variant, weights: np.ndarray) -> np.ndarray:
        # Rounded, so that variants with as many right answers tie, whatever the order of the sum.
        mean: np.ndarray = np.round(weights @ self.score(variant).per_question, 12)
        return mean

    @cached_property
    def _resampled(self) -> dict[Variant, np.ndarray]:
        """Resampled accuracies: claims share variants, and tables ask for each many times."""
        return {}

    @cached_property
    def _resampled_tables(self) -> dict[tuple[str, bool], Means]:
        """Resampled means of the tables but the scores: a report asks for each many times."""
        return {}

    @cached_property
    def _questions(self) -> tuple[tuple[str, str], ...]:
        return self._any.questions

    @property
    def _any(self) -> Score:
        if not self.scores:
            raise AlphaRLBenchError(f"run '{self.run}': no stored score of any variant")
        return next(iter(self.scores.values()))


def _right(score: Score) -> np.ndarray:
    """(n_questions, k) bool: which samples are right."""
    return np.array([[mark == Mark.RIGHT for mark in marks] for marks in score.marks])
