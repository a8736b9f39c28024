"""What a claim is made of: a sentence of the paper, a statistic and a threshold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alpharl_bench.claims.kinds import RL
from alpharl_bench.registry import Kind
from alpharl_bench.scoring import two_sided_p
from alpharl_bench.scoring.engines import EngineName
from alpharl_bench.tables import Means, Query, Table, table
from alpharl_bench.variants import FULL, Variant

#: From means and the steps of the run's checkpoints to the statistic, (resamples,) float64.
Statistic = Callable[[Means, Sequence[int]], np.ndarray]


@dataclass(frozen=True)
class Threshold:
    """The values of the statistic at which the claim holds: low ≤ statistic ≤ high."""

    low: float = -np.inf
    high: float = np.inf

    def __str__(self) -> str:
        """As in a table: ``≥ 0.99``, ``≤ 0.99`` or ``0.6 … 1.1``."""
        if np.isinf(self.high):
            return f"≥ {self.low:g}"
        if np.isinf(self.low):
            return f"≤ {self.high:g}"
        return f"{self.low:g} … {self.high:g}"

    def holds(self, low: float, high: float) -> bool:
        """Whether an interval lies wholly where the claim holds."""
        return self.low <= low and high <= self.high

    def fails(self, low: float, high: float) -> bool:
        """Whether an interval lies wholly where the claim does not hold."""
        return high < self.low or low > self.high

    def p_value(self, values: np.ndarray, df: float) -> np.ndarray:
        """How surprising the nearer decision would be with the statistic on its bound.

        p ≤ α exactly where the interval at 1 − α decides: where it holds (against both bounds) or
        fails (against one).

        Args:
            values: (B, …) the resampled statistics.
            df: degrees of freedom of the units.

        Returns:
            (…) float64 in (0, 1].
        """
        holds = np.maximum(two_sided_p(values < self.low, df), two_sided_p(values > self.high, df))
        fails = np.minimum(
            two_sided_p(values >= self.low, df), two_sided_p(values <= self.high, df)
        )
        nearer: np.ndarray = np.minimum(holds, fails)
        return nearer

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
    """

    statistic: str
    points: Mapping[str, str]
    by_kind: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Null:
    """A null control: the claim's statistic where the effect is absent; ``name`` describes it.

    For a claim that an effect is absent, it is the statistic where the effect is present.
    """

    name: str
    statistic: Statistic


@dataclass(frozen=True, eq=False)
class Claim:
    """A statement of the paper that a training run can support or refute.

    ``id`` is its name within its paper, ``formula`` the statistic, and ``statistic_label`` its
    description in words. ``table`` is the name of the table that it reads, and ``measurements`` are
    the measurements that it requires of this table (:mod:`alpharl_bench.tables`). Its ``curve``
    names the variants that are scored. ``strata`` is the name of the strata of the bootstrap: with
    ``block``, attention and MLP modules are resampled separately. ``kinds`` are the kinds of
    training that the claim is about, if other than RL; see :mod:`alpharl_bench.claims.kinds`. A
    claim that holds is not informative unless all of its ``nulls`` clearly fail.
    ``unsupported_reason`` gives the reason why a run with checkpoints at the given steps does not
    support the claim, or an empty string. ``engine`` is the only engine that can score its
    variants, or None if all can. ``by_task`` adds a table of every task to the report. ``caveat``
    is a limitation that a reader must know.
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
    strata: str = ""
    kinds: frozenset[Kind] | None = None
    nulls: tuple[Null, ...] = ()
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
        """The units that the bootstrap resamples."""
        return self.reads_from.units

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
            strata=self.strata,
            batches=batches if self.sampled else 1,
        )
