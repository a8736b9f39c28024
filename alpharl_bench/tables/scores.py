"""The table of scores: questions × variants, 1 where a response is right."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from alpharl_bench.baselines import DecodingSelection
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.selection import TargetSelection
from alpharl_bench.grading import Mark
from alpharl_bench.scoring import Score
from alpharl_bench.scoring.bootstrap import resampling_weights, unit_weights
from alpharl_bench.tables.required import scored
from alpharl_bench.tables.requirements import Requirements
from alpharl_bench.tables.table import EVALUATION, QUESTIONS, Means, MeasuredRun, Query, Table
from alpharl_bench.variants import Variant
from alpharl_bench.windows import ScoredWindow


@dataclass(frozen=True)
class Scores:
    """The scores of a run's variants, all on the same questions.

    Args:
        scores: by the variant's label.
        choices: the targets of the forecasts among them.
        windows: the contents of the windows among them.
        decodings: the settings of the baselines among them.
        evaluation: what it costs to score a model once on the validation split, in steps of the
            training; 0 where a step's cost is not known.
    """

    # A session keeps the responses in a file of their own.
    scores: Mapping[str, Score] = Field(default_factory=dict, exclude=True)
    choices: tuple[TargetSelection, ...] = ()
    windows: tuple[ScoredWindow, ...] = ()
    decodings: tuple[DecodingSelection, ...] = ()
    evaluation: float = 0.0

    def score(self, variant: Variant) -> Score:
        """The score of a variant.

        Raises:
            AlphaRLBenchError: it was not scored, or on other questions than the rest.
        """
        if variant.label not in self.scores:
            raise AlphaRLBenchError(f"no stored score of '{variant.label}'")
        score = self.scores[variant.label]
        if score.questions != self.questions:
            raise AlphaRLBenchError(f"'{variant.label}' was scored on other questions")
        return score

    @property
    def tasks(self) -> list[str]:
        """(n,) the task of every question."""
        return [task for task, _ in self.questions]

    @property
    def samples(self) -> int:
        """How many responses to every question were graded."""
        return self._any.samples_per_question

    def observed_accuracy(self, variant: Variant) -> np.ndarray:
        """(1,) the accuracy of a variant: the mean over tasks of their means over questions."""
        return self._mean(variant, unit_weights(self.tasks)[None])

    def accuracies(self, variant: Variant) -> np.ndarray:
        """(B,) the same over bootstrap resamples of the questions, paired between variants."""
        if variant not in self._resampled:
            self._resampled[variant] = self._mean(variant, resampling_weights(self.tasks))
        return self._resampled[variant]

    def observed_readable(self, variant: Variant) -> np.ndarray:
        """(1,) as :meth:`observed_accuracy`, over readable responses alone."""
        return self._readable(variant, unit_weights(self.tasks)[None])

    def readable_accuracies(self, variant: Variant) -> np.ndarray:
        """(B,) the same over bootstrap resamples."""
        if variant not in self._resampled_readable:
            weights = resampling_weights(self.tasks)
            self._resampled_readable[variant] = self._readable(variant, weights)
        return self._resampled_readable[variant]

    def _mean(self, variant: Variant, weights: np.ndarray) -> np.ndarray:
        # Rounded, so that variants with as many right answers tie, whatever the order of the sum.
        mean: np.ndarray = np.round(weights @ self.score(variant).per_question, 12)
        return mean

    def _readable(self, variant: Variant, weights: np.ndarray) -> np.ndarray:
        score = self.score(variant)
        # Of nothing readable nothing is right.
        readable = np.maximum(weights @ score.readable, 1 / (2 * len(score.marks)))
        accuracy: np.ndarray = np.round(weights @ score.per_question / readable, 12)
        return accuracy

    @cached_property
    def _resampled(self) -> dict[Variant, np.ndarray]:
        """Claims share variants, and a report asks for each many times."""
        return {}

    @cached_property
    def _resampled_readable(self) -> dict[Variant, np.ndarray]:
        """The same of readable responses."""
        return {}

    @cached_property
    def questions(self) -> tuple[tuple[str, str], ...]:
        """(n,) the task and the id of every question."""
        return self._any.questions

    @property
    def _any(self) -> Score:
        if not self.scores:
            raise AlphaRLBenchError("no stored score of any variant")
        return next(iter(self.scores.values()))


class ScoresTable(Table[Scores]):
    """Every variant is asked the same questions under the same seeds, so they are paired.

    What is stored of it are targets, windows and costs; a session keeps the responses apart.
    """

    name = "scores"
    units = QUESTIONS
    needs_generation = True
    sampled = True
    entries: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "choices": ("variant",),
        "windows": ("variant",),
        "decodings": ("method",),
    }
    stored = TypeAdapter(Scores)
    empty = Scores()

    def requires(self, query: Query, steps: Sequence[int]) -> Requirements:
        """The scores of the variants, and what these are made of."""
        return scored(query.variants, steps, query.batches)

    def measure(self, run: MeasuredRun, queries: Sequence[Query]) -> Scores:
        """Score what the cache lacks."""
        batches: dict[Variant, int] = {}
        for query in queries:
            for variant in query.variants:
                batches[variant] = max(query.batches, batches.get(variant, 0))
        return Scores(
            scores=run.scores(batches) if batches else {},
            choices=tuple(run.selection(v) for v in batches if v.kind == "forecast"),
            windows=tuple(run.window(v) for v in batches if v.kind == "window"),
            decodings=tuple(run.baseline(v) for v in batches if v.kind == "decoded"),
            evaluation=run.evaluation,
        )

    def rows(self, measured: Scores) -> Sequence[Any]:
        """The questions, by task and id."""
        return measured.tasks

    def strata(self, measured: Scores) -> list[str]:
        """The task of each question."""
        return measured.tasks

    def limited(self, measured: Scores, samples: int) -> Scores:
        """The first samples of every question."""
        first = {label: score.first(samples) for label, score in measured.scores.items()}
        return replace(measured, scores=first)

    def observed(self, measured: Scores, query: Query) -> Means:
        """The accuracies of the variants."""
        return _cost(measured) | {v: measured.observed_accuracy(v) for v in query.variants}

    def resampled(self, measured: Scores, query: Query) -> Means:
        """The accuracies over resamples of the questions."""
        return _cost(measured) | {v: measured.accuracies(v) for v in query.variants}

    def resampled_within(self, measured: Scores, query: Query, resamples: int) -> Means:
        """The means over all questions with the samples of each resampled, (resamples,) per column.

        Their variance is what chance in the responses adds to the observed means: of k samples
        k − 1 are drawn, as of questions. A resample takes the same samples of every variant, so
        what they share by sampling with one seed stays shared.

        Args:
            measured: the score, with at least two samples of each question.
            query: the variants.
            resamples: the number of resamples.
        """
        variants = list(dict.fromkeys(query.variants))
        right = np.stack([_right(measured.score(variant)) for variant in variants])
        _, n, k = right.shape
        shares = (right * unit_weights(measured.tasks)[:, None]).reshape(-1, n * k) / (k - 1)
        rng = np.random.default_rng(0)
        even = np.full(k, 1 / k)
        means = [shares @ rng.multinomial(k - 1, even, n).ravel() for _ in range(resamples)]
        return _cost(measured) | dict(zip(variants, np.transpose(means), strict=True))


def _cost(measured: Scores) -> dict[Any, np.ndarray]:
    return {EVALUATION: np.array([measured.evaluation])}


def _right(score: Score) -> np.ndarray:
    """(n_questions, k) bool: which samples are right."""
    return np.array([[mark == Mark.RIGHT for mark in marks] for marks in score.marks])


TABLE = SCORES = ScoresTable()
