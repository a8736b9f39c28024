"""What judging claims will take, before anything is downloaded, trained or scored."""

from alpharl_bench.plan.cost import Cost, cost_of
from alpharl_bench.plan.machine import Machine, measured, shortfall
from alpharl_bench.plan.need import Need, need_of, together
from alpharl_bench.plan.room import Room

__all__ = [
    "Cost",
    "Machine",
    "Need",
    "Room",
    "cost_of",
    "measured",
    "need_of",
    "shortfall",
    "together",
]
