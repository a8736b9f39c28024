"""What judging claims will take, before anything is downloaded, trained or scored."""

from alpharl_bench.plan.budget import Budget
from alpharl_bench.plan.cost import Cost, cost_of
from alpharl_bench.plan.machine import Machine, measured, shortfall

__all__ = [
    "Budget",
    "Cost",
    "Machine",
    "cost_of",
    "measured",
    "shortfall",
]
