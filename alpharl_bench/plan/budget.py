"""Whether claims fit on a machine one after the other: what they download and make adds up."""

from dataclasses import dataclass, field, replace

from alpharl_bench.bench import Options
from alpharl_bench.plan.cost import Cost, cost_of
from alpharl_bench.plan.machine import Machine, shortfall
from alpharl_bench.runs.source import RunInfo
from alpharl_bench.tables import Requirements, union

_SIDE_BY_SIDE = (
    "needs weights of several checkpoints side by side, found --one-checkpoint; leave that out"
)


@dataclass
class Budget:
    """What is left of a machine.

    Args:
        machine: the measured machine.
        reserved: the requirements and cost of the accepted claims, by run.
    """

    machine: Machine
    reserved: dict[str, tuple[Requirements, Cost]] = field(default_factory=dict)

    def lacking(self, run: str, required: Requirements, info: RunInfo, asked: Options) -> str:
        """What the machine lacks for one more claim, beside those that room is reserved for.

        Args:
            run: the name of the run.
            required: the requirements of the claim.
            info: the info of the run.
            asked: the settings of the measurement.

        Returns:
            What is needed, what was found and what to do; empty where it fits.
        """
        if asked.one_checkpoint and required.side_by_side and info.remote - {None}:
            return _SIDE_BY_SIDE
        others = [cost for name, (_, cost) in self.reserved.items() if name != run]
        weights = sum(cost.weights for cost in others)
        made = sum(cost.disk for cost in others)
        left = replace(
            self.machine,
            hub=self.machine.hub - weights - (made if self.machine.shared else 0),
            cache=self.machine.cache - made - (weights if self.machine.shared else 0),
        )
        cost = cost_of(self._with(run, required), info, asked)
        # The disk must hold it beside what is there; memory is free again behind every claim.
        alone = replace(cost_of(required, info, asked), weights=cost.weights, disk=cost.disk)
        return shortfall(required, alone, info.size, asked, left)

    def reserve(self, run: str, required: Requirements, info: RunInfo, asked: Options) -> None:
        """Keep room for a claim that fits; the arguments are those of :meth:`lacking`."""
        whole = self._with(run, required)
        self.reserved[run] = whole, cost_of(whole, info, asked)

    def _with(self, run: str, required: Requirements) -> Requirements:
        before = [self.reserved[run][0]] if run in self.reserved else []
        return union([*before, required])
