"""What a claim is made of: a sentence of the paper, a statistic and a threshold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import numpy as np

from alpharl_bench.claims.kinds import RL
from alpharl_bench.registry import Kind
from alpharl_bench.scoring import p_above
from alpharl_bench.scoring.engines import EngineName
from alpharl_bench.tables import Means, Query, Table, table
from alpharl_bench.variants import FULL, Variant

#: What a claim takes of several numbers.
Extreme = Literal["least", "most"]
#: From means and the steps of the run's checkpoints to the statistic, (…, resamples) float64: one
#: number for each resample, or those that the claim takes the least or most of.
Statistic = Callable[[Means, Sequence[int]], np.ndarray]


class Origin(StrEnum):
    """Who drew a line: the paper in so many words, we from what it says, or we alone."""

    PRINTED = "printed"
    DERIVED = "derived"
    OURS = "ours"


@dataclass(frozen=True)
class Threshold:
    """The values of the statistic at which the claim holds: low ≤ statistic ≤ high.

    Nothing is refuted by a line of ours, which is what a line is unless its ``origin`` is named.
    """

    low: float = -np.inf
    high: float = np.inf
    origin: Origin = Origin.OURS

    def __str__(self) -> str:
        """As in a table: ``≥ 0.99``, ``≤ 0.99`` or ``0.6 … 1.1``."""
        if np.isinf(self.high):
            return f"≥ {self.low:g}"
        if np.isinf(self.low):
            return f"≤ {self.high:g}"
        return f"{self.low:g} … {self.high:g}"

    @property
    def direction(self) -> int:
        """1 where more of the statistic is better for the claim, −1 where less is; 0 of a band."""
        return int(np.isinf(self.high)) - int(np.isinf(self.low))

    def holds(self, low: float, high: float) -> bool:
        """Whether an interval lies wholly where the claim holds."""
        return self.low <= low and high <= self.high

    def fails(self, low: float, high: float) -> bool:
        """Whether an interval lies wholly where the claim does not hold."""
        return high < self.low or low > self.high

    def p_holds(self, values: np.ndarray, df: float) -> np.ndarray:
        """The two-sided p-value of the statistic lying inside, against both bounds.

        p ≤ α exactly where the interval at 1 − α lies wholly where the claim holds.

        Args:
            values: (B, …) the resampled statistics.
            df: degrees of freedom of the units.

        Returns:
            (…) float64 in [0, 1].
        """
        inside = []
        if np.isfinite(self.low):
            inside.append(p_above(values, self.low, df))
        if np.isfinite(self.high):
            inside.append(p_above(-values, -self.high, df))
        worse: np.ndarray = np.max(inside, axis=0)
        return worse

    def p_fails(self, values: np.ndarray, df: float) -> np.ndarray:
        """The same of its lying outside, beyond one of the bounds."""
        outside = []
        if np.isfinite(self.low):
            outside.append(p_above(-values, -self.low, df, strictly=True))
        if np.isfinite(self.high):
            outside.append(p_above(values, self.high, df, strictly=True))
        better: np.ndarray = np.min(outside, axis=0)
        return better

    def distance(self, value: float) -> float:
        """How far a value is from the nearer bound."""
        return min(abs(value - self.low), abs(value - self.high))


@dataclass(frozen=True)
class Point:
    """One variant of a claim's table: its name and its position on the figure's x axis.

    ``reference`` is the variant that it is compared with, by default the fully trained model.
    Points of the same ``series`` form one line. An ``optional`` point is left out if the stored
    evidence has no score of it.
    """

    name: str
    variant: Variant
    x: float | None = None
    reference: Variant = FULL
    series: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Curve:
    """The variants that a claim compares, for a run with checkpoints at the given steps.

    A claim about questions has the base, the fully trained model and the control among them.
    Claims that share a curve share a figure, which bears its name. Without an ``x_label`` the
    variants are drawn as bars.
    """

    name: str

    points: Callable[[Sequence[int]], Sequence[Point]]
    x_label: str
    log_x: bool = False


@dataclass(frozen=True)
class PaperRef:
    """The reference of a claim: the arXiv id of the paper, as ``2510.00553``, and the section.

    Places are separated by commas: ``§2.1, Figure 3a``.
    """

    paper: str
    place: str


@dataclass(frozen=True)
class Printed:
    """What the paper printed, at its own scale: the statistic, and some points of the curve.

    ``by_kind`` are figures of the table that the claim reads, by kind of training and column.
    ``value`` is the statistic as a number, where there is one: what the claim's power is asked at.
    """

    statistic: str
    points: Mapping[str, str]
    by_kind: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)
    value: float | None = None


@dataclass(frozen=True)
class Null:
    """A control: the claim's statistic where the effect is absent; ``name`` describes it.

    As a ceiling it is the statistic where the effect is present by construction. It is compared
    with the run, not with the threshold. One number for each resample is paired with the run's;
    several numbers of what was observed, (draws, 1), are draws from the null's distribution.
    ``reads`` are variants that earlier sessions did not score: of these it is left out.
    """

    name: str
    statistic: Statistic
    reads: tuple[Variant, ...] = ()

    def measured(self, means: Means) -> bool:
        """Whether what it reads was measured."""
        return all(variant in means for variant in self.reads)


@dataclass(frozen=True, eq=False)
class Claim:
    """A statement of the paper that a training run can support or refute.

    ``id`` is its name within its paper, ``formula`` the statistic, and ``statistic_label`` its
    description in words. Of a statistic of several numbers the claim takes the least or the most:
    ``extremes`` says which along each axis, the first outermost; every number is tested, so that
    the choice among them costs no error. ``table`` is the name of the table that it reads, and
    ``measurements`` are the measurements that it requires of this table
    (:mod:`alpharl_bench.tables`). Its ``curve`` names the variants that are scored. ``kinds`` are
    the kinds of training that the claim is about, if other than RL; see
    :mod:`alpharl_bench.claims.kinds`. A claim that holds is not informative unless the run can be
    told from each of its ``nulls`` in the claim's direction, and one that fails is not unless it
    can be told from each of its ``ceilings`` in the other. ``unsupported_reason`` gives the reason
    why a run with checkpoints at the given steps does not support the claim, or an empty string,
    and ``unmeasured_reason`` why what was measured does not. ``practical`` is a weaker line of ours
    that is shown beside the verdict: what would still matter little in practice.
    ``engine`` is the only engine that can score its variants, or None if all can. ``by_task`` adds
    a table of every task to the report. ``caveat`` is a limitation that a reader must know.
    """

    id: str
    title: str
    text: str
    paper_ref: PaperRef
    statistic: Statistic
    threshold: Threshold
    formula: str
    statistic_label: str
    printed: Printed
    curve: Curve
    table: str = "scores"
    measurements: tuple[Any, ...] = ()
    extremes: tuple[Extreme, ...] = ()
    kinds: frozenset[Kind] | None = None
    nulls: tuple[Null, ...] = ()
    ceilings: tuple[Null, ...] = ()
    practical: Threshold | None = None
    unmeasured_reason: Callable[[Means], str] = lambda _: ""
    unsupported_reason: Callable[[Sequence[int]], str] = lambda _: ""
    engine: EngineName | None = None
    by_task: bool = False
    caveat: str = ""

    @property
    def qualified_id(self) -> str:
        """The id that no claim of another paper has: ``2510.00553:P1.1``."""
        return f"{self.paper_ref.paper}:{self.id}"

    @property
    def reads_from(self) -> Table[Any]:
        """The table that it reads."""
        return table(self.table)

    @property
    def units(self) -> str:
        """The rows of its table."""
        return self.reads_from.units

    @property
    def of_a_sample(self) -> bool:
        """Whether its units are a sample of more; else its statistic is a fact of one run."""
        return self.reads_from.of_a_sample

    @property
    def refutable(self) -> bool:
        """Whether one run can refute it: not by a fact of that run, nor by a line of ours."""
        return self.of_a_sample and self.threshold.origin is not Origin.OURS

    @property
    def sampled(self) -> bool:
        """Whether it is based on sampled responses, so that more samples can be drawn."""
        return self.reads_from.sampled

    @property
    def needs_generation(self) -> bool:
        """Whether judging it requires generated responses; other claims need only weights."""
        return self.reads_from.needs_generation

    def judged_on(self, kind: Kind) -> bool:
        """Whether runs of this kind are judged."""
        return self.kinds is None or kind in self.kinds

    def contrasts(self, kind: Kind) -> bool:
        """Whether runs of this kind are judged for contrast only: the claim is not about them."""
        return kind not in (self.kinds or RL)

    def variants(self, steps: Sequence[int]) -> list[Variant]:
        """The variants that must be scored to judge the claim on a run with these checkpoints."""
        points = self.curve.points(steps)
        return [v for point in points for v in (point.variant, point.reference)]

    def query(self, steps: Sequence[int], batches: int = 1) -> Query:
        """What it reads of its table, of a run with these checkpoints.

        Args:
            steps: the steps of the run's checkpoints.
            batches: the number of batches of samples, if it is based on samples.
        """
        return Query(
            variants=tuple(self.variants(steps)),
            # A run that it cannot be judged on needs nothing measured.
            measurements=() if self.unsupported_reason(steps) else self.measurements,
            batches=batches if self.sampled else 1,
            steps=tuple(steps),
        )
