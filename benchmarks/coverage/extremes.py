"""How often the least or the most of several numbers is decided, if it lies on its bound.

Every verdict is then an error. Beside the tests of every number stands the former way: the
percentile interval of the bootstrapped extreme itself, which repeats the bias of the estimate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from alpharl_bench.claims import Claim
from alpharl_bench.claims.extremes import extreme, p_values
from alpharl_bench.papers import find_claim
from alpharl_bench.papers.arxiv_2510_00553.claims.alpharl import RETAINED, TEXT
from alpharl_bench.scoring import (
    CONFIDENCE,
    RESAMPLES,
    degrees_of_freedom,
    percentile_interval,
    resampling_weights,
)
from alpharl_bench.tables import EVALUATION
from alpharl_bench.variants import FULL, Variant, full_at
from benchmarks.coverage.settings import EVEN, Setting, alike
from benchmarks.coverage.text import markdown, percent

#: Questions, and samples to each.
DESIGNS = (
    (Setting("150", (150,), (EVEN,)), 4),
    (Setting("500", (500,), (EVEN,)), 32),
)
#: Repetitions that are resampled at once; bounds the memory.
_BLOCK = 20


class _Reads(dict[Any, np.ndarray]):
    """Means of any variant, all alike, that remember which were asked for."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, variant: Any) -> np.ndarray:
        self[variant] = np.ones(1)
        return self[variant]


@dataclass(frozen=True)
class Case:
    """A claim on its border: the extreme of the true numbers is the bound.

    ``accuracies`` are the true ones of variants, as a part of the fully trained model's; that of
    all others is ``otherwise``.
    """

    name: str
    id: str
    checkpoints: int = 20
    accuracies: Mapping[Variant, float] = field(default_factory=dict)
    otherwise: float = 1.0

    @property
    def claim(self) -> Claim:
        """The claim itself, with its own statistic."""
        return find_claim(self.id)

    @property
    def steps(self) -> Sequence[int]:
        """The steps of the run's checkpoints."""
        return range(1, self.checkpoints + 1)

    @cached_property
    def variants(self) -> list[Variant]:
        """What the statistic reads, but for the fully trained model and what is the same."""
        reads = _Reads({EVALUATION: np.zeros(1)})
        self.claim.statistic(reads, self.steps)
        return [v for v in reads if v not in (EVALUATION, FULL, full_at(self.steps[-1]))]

    def drawn(self, setting: Setting, samples: int, rng: np.random.Generator) -> np.ndarray:
        """(1 + variants, n) shares of right answers: of the fully trained model and the others."""
        full = setting.chances(rng)[1]
        levels = [self.accuracies.get(v, self.otherwise) for v in self.variants]
        chances = np.stack([full, *(alike(level * full, rng) for level in levels)])
        shares: np.ndarray = rng.binomial(samples, chances) / samples
        return shares

    def values(self, means: np.ndarray) -> np.ndarray:
        """The numbers that the claim takes an extreme of, (…, block, B).

        Args:
            means: (1 + variants, block, B).
        """
        names = (FULL, *self.variants)
        of = dict(zip(names, means, strict=True)) | {EVALUATION: np.zeros(1)}
        return self.claim.statistic({**of, full_at(self.steps[-1]): of[FULL]}, self.steps)


#: The stages of forty checkpoints that end early enough; 2.5 times the cost of one of s % ends at
#: checkpoint s. For the last that is the fully trained model.
_EARLY = (5, 10, 20, 30, 40)


def _a4(name: str, forecasts: Mapping[int, float], run: float) -> Case:
    """A4 by the true accuracies of the stages' forecasts, and of the run at 2.5 times the cost."""
    accuracies = {TEXT(stage): forecast for stage, forecast in forecasts.items()}
    return Case(name, "A4", 40, accuracies, run)


CASES = (
    Case("A5: 7 rivals, all alike", "A5"),
    Case("A3: 5 stages, none gains", "A3"),
    Case("P1.4-best: 4 others, all alike", "P1.4-best"),
    Case("P1.5-peak: 4 × 2 scales, all alike", "P1.5-peak"),
    _a4("A4: all stages on both borders", dict.fromkeys(_EARLY, RETAINED), RETAINED),
    _a4("A4: one on both, the rest fail", dict.fromkeys(_EARLY, 0.8) | {20: RETAINED}, RETAINED),
    _a4("A4: all on that of speed", dict.fromkeys(_EARLY, 1.0), 1.0),
    _a4("A4: all on that of accuracy", dict.fromkeys(_EARLY, RETAINED), 0.8),
)


@dataclass(frozen=True)
class Errors:
    """The shares of sessions that support and refute a claim on its border, in both ways."""

    supported: float
    refuted: float
    formerly_supported: float
    formerly_refuted: float


def tables(repetitions: int = 1000) -> list[str]:
    """A row for each case and design."""
    rows = []
    for case in CASES:
        for setting, samples in DESIGNS:
            found = errors(case, setting, samples, repetitions)
            cells = [
                f"{percent(supported)} / {percent(refuted)}"
                for supported, refuted in (
                    (found.supported, found.refuted),
                    (found.formerly_supported, found.formerly_refuted),
                )
            ]
            rows.append([case.name, f"{setting.name} × {samples}", *cells])
    headers = [
        "on its border: supported / refuted",
        "questions × samples",
        "every number tested",
        "interval of the bootstrapped extreme",
    ]
    return [markdown(rows, headers)]


def errors(
    case: Case, setting: Setting, samples: int, repetitions: int, resamples: int = RESAMPLES
) -> Errors:
    """Sample sessions and judge the claim.

    Args:
        case: the claim and the truth.
        setting: the questions.
        samples: to each of them.
        repetitions: how many sessions, rounded up to a multiple of twenty.
        resamples: of each; all sessions share the weights, which do not depend on the data.
    """
    claim, line, error = case.claim, case.claim.threshold, 1 - CONFIDENCE
    weights = resampling_weights(setting.strata, resamples).T
    df = degrees_of_freedom(setting.strata)
    rng = np.random.default_rng(1)
    found = []
    for _ in range(0, repetitions, _BLOCK):
        shares = np.stack([case.drawn(setting, samples, rng) for _ in range(_BLOCK)], axis=1)
        values = case.values(shares @ weights)
        first = np.moveaxis(values, -1, 0)
        holds, fails = line.p_holds(first, df), line.p_fails(first, df)
        for one in range(_BLOCK):
            held, failed = p_values(holds[..., one], fails[..., one], claim.extremes, line)
            ends = percentile_interval(extreme(values[..., one, :], claim.extremes), df)
            low, high = map(float, ends)
            formerly = line.holds(low, high), line.fails(low, high)
            found.append((held <= error, failed <= error, *formerly))
    return Errors(*np.mean(found, axis=0).tolist())
