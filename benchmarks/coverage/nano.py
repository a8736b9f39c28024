"""Further answers to the questions of a stored session, as the runs of the nano lane give them.

Of each question only a few answers are known. More are drawn by Pólya's urn: the next one is one of
those known or drawn before, or by a chance that falls with their number one of the whole family.
That is to draw from a Dirichlet process, so that the chances of a question are Beta distributed
about its family's; how much questions of a family differ is estimated from the session. All
variants answer together, so that what they share by one seed stays shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from alpharl_bench.grading import Mark
from alpharl_bench.reporting import Session, load_session
from alpharl_bench.variants import Variant

#: The committed report of the nano lane.
SAMPLE = Path(__file__).parents[2] / "reports" / "sample"


@lru_cache(maxsize=1)
def session() -> Session:
    """The session behind the committed report."""
    return load_session(SAMPLE)


@dataclass(frozen=True, eq=False)
class Answers:
    """What variants of a run answered: (n, samples, variants) bool, right or not."""

    tasks: Sequence[str]
    variants: Sequence[Variant]
    right: np.ndarray

    @classmethod
    def of(cls, run: str, variants: Sequence[Variant]) -> "Answers":
        """Those of a run of the session."""
        whole = session().evidence(run)
        # Claims that were open took more samples of their variants than others.
        evidence = whole.limited(min(whole.score(v).samples_per_question for v in variants))
        marks = [[list(m) for m in evidence.score(variant).marks] for variant in variants]
        right = np.moveaxis(np.array(marks) == Mark.RIGHT, 0, -1)
        return cls(evidence.tasks, variants, right)

    @property
    def concentration(self) -> float:
        """How much alike the questions of a family are: a + b of the Beta distribution.

        By the analysis of variance: r = (B − W) / (B + (k − 1) W) is the correlation of two answers
        to one question, B and W are the mean squares between questions and within, and r is
        1/(a + b + 1).
        """
        _, k, _ = self.right.shape
        between, within = [], []
        for task in dict.fromkeys(self.tasks):
            right = self.right[np.array(self.tasks) == task]
            between.append(k * right.mean(axis=1).var(axis=0, ddof=1))
            within.append(right.var(axis=1, ddof=1).mean(axis=0))
        b, w = np.mean(between), np.mean(within)
        return float((b + (k - 1) * w) / (b - w) - 1)

    def more(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(n, count, variants) further answers."""
        n, known, _ = self.right.shape
        alike, tasks, rows = self.concentration, np.array(self.tasks), np.arange(n)
        # A question of the same family for every question, each equally often.
        begins = np.array([np.flatnonzero(tasks == task)[0] for task in tasks])
        sizes = np.array([(tasks == task).sum() for task in tasks])
        # Which known answer each one is: the question and the sample.
        questions = np.repeat(rows[:, None], known, axis=1)
        samples = np.repeat(np.arange(known)[None], n, axis=0)
        for so_far in range(known, known + count):
            again, new = rng.integers(so_far, size=n), rng.random(n) < alike / (alike + so_far)
            question = np.where(new, begins + rng.integers(sizes), questions[rows, again])
            sample = np.where(new, rng.integers(known, size=n), samples[rows, again])
            questions = np.column_stack([questions, question])
            samples = np.column_stack([samples, sample])
        further: np.ndarray = self.right[questions[:, known:], samples[:, known:]]
        return further
