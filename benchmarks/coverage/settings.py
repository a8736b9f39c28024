"""Synthetic benchmarks, whose truth is known: questions that differ in difficulty.

Base, fully trained model and variant answer the same questions, each a fixed number of times, and
the truth is the mean over all questions there could be: known in closed form.
"""

from dataclasses import dataclass

import numpy as np

#: What Rank-1 is asked for, and so the true relative accuracy of the variant.
ASKED = 0.99
#: The concentration of the Beta distributions by which equal models differ on a question.
ALIKE = 20


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
        return base, full, alike(base + kept * (full - base), rng)


def alike(chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the chances of a model that has these on average, and others on every question."""
    mean = np.clip(chances, 1e-9, 1 - 1e-9)
    drawn: np.ndarray = rng.beta(ALIKE * mean, ALIKE * (1 - mean))
    return drawn


SETTINGS = (
    Setting("30 questions", (30,), (EVEN,)),
    Setting("30 questions, bimodal", (30,), (BIMODAL,)),
    Setting("30 questions, hard", (30,), (HARD,)),
    Setting("500 questions", (500,), (EVEN,)),
    Setting("500 questions, bimodal", (500,), (BIMODAL,)),
    Setting("mean of six benchmarks", MIXED, (BIMODAL, HARD, EVEN, EVEN, BIMODAL, EVEN)),
    Setting("30 questions, accuracy 0.1", (30,), (RARE,)),
)
