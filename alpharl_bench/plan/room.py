"""Whether claims fit on a machine one after the other: what they download and make adds up."""

from dataclasses import dataclass, field, replace

from alpharl_bench.bench import Options
from alpharl_bench.plan.cost import Cost, cost_of
from alpharl_bench.plan.machine import Machine, shortfall
from alpharl_bench.plan.need import Need, together
from alpharl_bench.runs.source import RunInfo

_SIDE_BY_SIDE = (
    "needs weights of several checkpoints side by side, found --one-checkpoint; leave that out"
)


@dataclass
class Room:
    """What is left of a machine.

    Args:
        machine: as it was measured.
        taken: what the claims that fit need of every run, and what that costs.
    """

    machine: Machine
    taken: dict[str, tuple[Need, Cost]] = field(default_factory=dict)

    def lacking(self, run: str, need: Need, outlook: RunInfo, asked: Options) -> str:
        """What the machine lacks for one more claim; one for which it lacks nothing is taken in.

        Args:
            run: the name of the run.
            need: of the claim.
            outlook: of the run.
            asked: how it is measured.

        Returns:
            What is needed, what was found and what to do; empty where it fits.
        """
        if asked.one_checkpoint and need.side_by_side and outlook.remote - {None}:
            return _SIDE_BY_SIDE
        before = [self.taken[run][0]] if run in self.taken else []
        others = [cost for name, (_, cost) in self.taken.items() if name != run]
        weights = sum(cost.weights for cost in others)
        made = sum(cost.disk for cost in others)
        left = replace(
            self.machine,
            hub=self.machine.hub - weights - (made if self.machine.shared else 0),
            cache=self.machine.cache - made - (weights if self.machine.shared else 0),
        )
        whole = together([*before, need])
        cost = cost_of(whole, outlook, asked)
        # The disk must hold it beside what is there; memory is free again behind every claim.
        alone = replace(cost_of(need, outlook, asked), weights=cost.weights, disk=cost.disk)
        reason = shortfall(need, alone, outlook.size, asked, left)
        if not reason:
            self.taken[run] = (whole, cost)
        return reason
