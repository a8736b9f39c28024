"""What a claim is judged by: a run's scores and its update's spectrum, without the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from alpharl_bench.claims.claim import Claim, Means
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring import Score, resampling_weights
from alpharl_bench.spectral import ModuleSpectrum
from alpharl_bench.variants import Variant

_SPECTRUM_COLUMNS = (
    "norm",
    "rank1_fraction",
    "rank1_percent_fraction",
    "noise_rank1_fraction",
    "noise_rank1_percent_fraction",
)


@dataclass(frozen=True)
class Evidence:
    """Everything that was measured on one run.

    ``scores`` are keyed by the variant's label; all of them hold the same questions.
    """

    run: str
    steps: Sequence[int]
    scores: Mapping[str, Score]
    spectrum: Sequence[ModuleSpectrum]

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

    def observed(self, claim: Claim) -> Means:
        """The means over all units, (1,) per column: they make the point estimate."""
        return self._means(claim, np.full((1, self.size(claim)), 1 / self.size(claim)))

    def resampled(self, claim: Claim) -> Means:
        """The means over bootstrap resamples of the units, (B,) per column."""
        if claim.spectral:
            return self._means(claim, resampling_weights([""] * self.size(claim)))
        return self._means(claim, self._question_weights)

    def size(self, claim: Claim) -> int:
        """How many units the claim's interval rests on."""
        return len(self.spectrum) if claim.spectral else len(self._questions)

    def _means(self, claim: Claim, weights: np.ndarray) -> Means:
        if claim.spectral:
            columns = {
                column: np.array([getattr(module, column) for module in self.spectrum])
                for column in _SPECTRUM_COLUMNS
            }
            return {column: weights @ values for column, values in columns.items()}
        return {
            variant: weights @ self.score(variant).per_question
            for variant in claim.variants(self.steps)
        }

    @cached_property
    def _questions(self) -> tuple[tuple[str, str], ...]:
        return next(iter(self.scores.values())).questions

    @cached_property
    def _question_weights(self) -> np.ndarray:
        return resampling_weights([task for task, _ in self._questions])
