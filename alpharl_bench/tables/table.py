"""What a table is: units × columns, measured on one run; its units are resampled for intervals."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from alpharl_bench.scoring.bootstrap import resampling_weights, unit_weights
from alpharl_bench.scoring.sampling import Sampling, Split
from alpharl_bench.tables.requirements import Requirements
from alpharl_bench.variants import Variant

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from alpharl_bench.baselines import DecodingSelection
    from alpharl_bench.behaviour import Behaviour, Measurement
    from alpharl_bench.checkpoints import Run
    from alpharl_bench.dynamics import ModuleDynamics
    from alpharl_bench.forecast.selection import TargetSelection
    from alpharl_bench.scoring import Score
    from alpharl_bench.variants.materialise import UpdateSource
    from alpharl_bench.windows import ScoredWindow

#: Means over the units of a table, one per bootstrap resample: (resamples,) float64 per column.
Means = Mapping[Any, np.ndarray]
#: The units of tables whose rows are questions: more of them can be asked.
QUESTIONS = "questions"
#: Beside the variants, among the means of scores: what it costs to score a model once on the
#: validation split, in steps of the run's training.
EVALUATION = "evaluation"

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """What one claim reads of a table.

    Args:
        variants: the columns of ``scores`` that it compares.
        measurements: what of another table has to be measured for it; the table says what these
            are.
        batches: the number of batches of samples of each variant.
        steps: the steps of the run's checkpoints.
    """

    variants: tuple[Variant, ...] = ()
    measurements: tuple[Any, ...] = ()
    batches: int = 1
    steps: tuple[int, ...] = ()


class MeasuredRun(Protocol):
    """What a table may use of the run that it is measured on."""

    @property
    def name(self) -> str:
        """The name of the run."""

    @property
    def run(self) -> "Run":
        """Its checkpoints."""

    @property
    def updates(self) -> "UpdateSource":
        """The updates and models of its variants."""

    @property
    def sampling(self) -> Sampling:
        """How it is asked."""

    @property
    def evaluation(self) -> float:
        """What it costs to score a model once on the validation split, in steps of training."""

    def scores(self, batches: Mapping[Variant, int], split: Split = "test") -> "dict[str, Score]":
        """The scores of variants by label, each over so many batches."""

    def selection(self, variant: Variant) -> "TargetSelection":
        """The target that a forecast was given."""

    def baseline(self, variant: Variant) -> "DecodingSelection":
        """The setting that a baseline was given."""

    def window(self, variant: Variant) -> "ScoredWindow":
        """What a window of modules holds."""

    def behaviour(self, passes: "Sequence[Measurement]") -> "Behaviour":
        """What is read of chains of thought."""

    def dynamics(self, accuracies: Sequence[float]) -> "tuple[ModuleDynamics, ...]":
        """How every module moves, by the accuracies of the checkpoints."""

    def text(self, token: int) -> str:
        """The text of a token of the base."""

    def kept(
        self, product: str, stored: "TypeAdapter[T]", make: Callable[[], T], **inputs: Any
    ) -> T:
        """What ``make`` gives, from the cache where the same run has it for the same inputs."""


class Table(ABC, Generic[T]):
    """One kind of table, whatever the run. ``T`` is what is measured of a run.

    A table is one object: this package's own, or an instance at the entry point
    ``alpharl_bench.tables`` of another distribution. Claims call it by its ``name``.

    Attributes:
        units: the name of its rows, in the plural; ``questions`` where they can be resampled.
        needs_generation: whether questions are asked to measure it.
        sampled: whether more samples of the same questions make its means more certain.
        entries: the lists in what is stored of it that hold one entry of each name, and the fields
            that make up the name; an empty key where all that is stored is such a list. Two hosts
            may have measured a part each.
        view: how reports show it, a :class:`~alpharl_bench.reporting.views.View`; without one, its
            columns and the statistic against the threshold.
        stored: the format in which it is stored.
        empty: the value for a run on which it was not measured.
    """

    name: ClassVar[str]
    units: ClassVar[str]
    needs_generation: ClassVar[bool] = False
    sampled: ClassVar[bool] = False
    entries: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    view: ClassVar[object | None] = None
    stored: "TypeAdapter[T]"
    empty: T

    @abstractmethod
    def requires(self, query: Query, steps: Sequence[int]) -> Requirements:
        """What has to be there before it can be measured, the scores of variants aside.

        Args:
            query: the part of it that a claim reads.
            steps: the steps of the run's checkpoints.
        """

    @abstractmethod
    def measure(self, run: MeasuredRun, queries: Sequence[Query]) -> T:
        """Measure it for several claims at once.

        Args:
            run: the run.
            queries: the parts of it that the claims read.
        """

    @abstractmethod
    def rows(self, measured: T) -> Sequence[Any]:
        """The units, each with its ``columns``, a mapping from names to figures."""

    @property
    def of_a_sample(self) -> bool:
        """Whether the units are a sample of more that could have been taken.

        Questions are. The modules and tokens of a model are all that it has: resampling them would
        estimate nothing, and what is computed from them is a fact of the run.
        """
        return self.units == QUESTIONS

    def strata(self, measured: T) -> list[str]:
        """(n,) what each unit is one of, and drawn from."""
        return [""] * len(self.rows(measured))

    def unsupported_reason(self, kind: str) -> str:
        """Why it cannot be measured where a run is asked tasks of this kind; empty where it can."""
        return ""

    def limited(self, measured: T, samples: int) -> T:
        """What was measured by the first samples of every question only."""
        return measured

    def observed(self, measured: T, query: Query) -> Means:
        """The means over strata of the means over their units, (1,) per column.

        A column whose entries hold a number for each draw of a null has the means of all draws,
        (draws, 1).
        """
        return self._means(measured, unit_weights(self.strata(measured))[None])

    def resampled(self, measured: T, query: Query) -> Means:
        """The same means over bootstrap resamples of the units, (B,) per column.

        Only tables whose units are a sample are resampled.
        """
        return self._means(measured, resampling_weights(self.strata(measured)))

    def _means(self, measured: T, weights: np.ndarray) -> Means:
        rows = [row.columns for row in self.rows(measured)]
        # What only some claims ask for is there only where it was asked for.
        columns = [c for c in (rows[0] if rows else ()) if all(c in row for row in rows)]
        values = {column: np.array([row[column] for row in rows]) for column in columns}
        drawn = {column: (weights @ of).T for column, of in values.items() if of.ndim > 1}
        single = [column for column in columns if column not in drawn]
        means = weights @ np.array([values[column] for column in single]).reshape(-1, len(rows)).T
        return drawn | dict(zip(single, means.T, strict=True))
