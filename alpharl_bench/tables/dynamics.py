"""The table of dynamics: modules × figures of how their Rank-1 updates move (§3)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import TypeAdapter

from alpharl_bench.dynamics import ModuleDynamics
from alpharl_bench.tables.required import trajectory
from alpharl_bench.tables.requirements import Requirements
from alpharl_bench.tables.scores import Scores
from alpharl_bench.tables.table import MeasuredRun, Query, Table
from alpharl_bench.variants import full_at


class DynamicsTable(Table[tuple[ModuleDynamics, ...]]):
    """The trajectory of every module, against the accuracies of the run's checkpoints."""

    name = "dynamics"
    units = "modules"
    needs_generation = True
    entries: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("module",)}
    stored = TypeAdapter(tuple[ModuleDynamics, ...])
    empty = ()

    def requires(self, query: Query, steps: Sequence[int]) -> Requirements:
        """The Rank-1 updates of all checkpoints; their scores are the claim's own variants."""
        return trajectory(steps)

    def measure(self, run: MeasuredRun, queries: Sequence[Query]) -> tuple[ModuleDynamics, ...]:
        """By the accuracies in the first batch, so that more samples measure nothing anew."""
        checkpoints = [full_at(step) for step in run.run.steps]
        first = Scores(run.scores(dict.fromkeys(checkpoints, 1)))
        return run.dynamics([float(first.observed_accuracy(one)[0]) for one in checkpoints])

    def rows(self, measured: tuple[ModuleDynamics, ...]) -> Sequence[ModuleDynamics]:
        """The modules."""
        return measured


TABLE = DYNAMICS = DynamicsTable()
