"""``--budget``: what a session may take, and what of its claims that is enough for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from time import monotonic

import pytest

from alpharl_bench.bench import Bench
from alpharl_bench.claims import Claim
from alpharl_bench.claims.papers import load_claims
from alpharl_bench.formatting import rough_time_text, time_text
from alpharl_bench.plugin.items import claim_of, run_of
from alpharl_bench.plugin.outcomes import NotAfforded, note_left
from alpharl_bench.plugin.plan import cost_of_claim

_SPENDING = pytest.StashKey["_Spending"]()


@dataclass
class _Spending:
    """The time of this process, an equal part of what is left for every run that it begins.

    Args:
        seconds: the seconds from the start to the end.
        rounds: how many runs one process judges at most.
        begun: when it started.
        ends: until when claims of a run may begin, by the run's name.
    """

    seconds: float
    rounds: int
    begun: float = field(default_factory=monotonic)
    ends: dict[str, float] = field(default_factory=dict)

    def left(self, run: str) -> float:
        """Seconds that are left for a run."""
        now = monotonic()
        if run not in self.ends:
            left = self.begun + self.seconds - now
            self.ends[run] = now + left / max(1, self.rounds - len(self.ends))
        return self.ends[run] - now


def first_page_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the claims of each run in the order of their paper, where time may not suffice for all.

    Time runs from here.
    """
    if (seconds := config.getoption("budget")) is None:
        return
    order = {claim: place for place, claim in enumerate(load_claims())}
    runs: dict[str, int] = {}
    places: dict[pytest.Item, tuple[int, int]] = {}
    for item in items:
        if (run := run_of(item)) is not None:
            place = runs.setdefault(run.name, len(runs))
            places[item] = place, order[claim_of(item).qualified_id]
    # What judges no claim comes first: it takes no time.
    items.sort(key=lambda item: places.get(item, (-1, 0)))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    config.stash[_SPENDING] = _Spending(seconds, ceil(len(runs) / workers))


def has_budget(config: pytest.Config) -> bool:
    """Whether time may not be enough for all that is selected."""
    return config.getoption("budget") is not None


def require_affordable(item: pytest.Item, bench: Bench, claim: Claim) -> None:
    """Skip a test whose claim the budget is not enough for.

    Raises:
        NotAfforded: it is not.
    """
    if why := _shortage(item.config, bench, claim, 1):
        note_left(item, claim, bench.name, why)
        raise NotAfforded(f"{claim.id} on {bench.name} {why}")


def goes_on(item: pytest.Item, bench: Bench, claim: Claim) -> Callable[[int], bool]:
    """Whether a further analysis of a claim is begun, by its number."""

    def affordable(analysis: int) -> bool:
        if why := _shortage(item.config, bench, claim, analysis):
            note_left(item, claim, bench.name, f"is open; its analysis {analysis} {why}")
        return not why

    return affordable


def _shortage(config: pytest.Config, bench: Bench, claim: Claim, analyses: int) -> str:
    """Why the budget is not enough for so many analyses of a claim; empty where it is.

    What nothing is known of is tried while there is time: it is measured then. What is all there
    takes no time worth counting.
    """
    if (spending := config.stash.get(_SPENDING, None)) is None:
        return ""
    left = spending.left(bench.name)
    cost, measured = cost_of_claim(config, bench, claim, analyses)
    enough = left > 0 and (not measured or cost.seconds <= left)
    if enough or not (cost.expected or cost.read):
        return ""
    takes = f"takes about {rough_time_text(cost.seconds)} more" if measured else "is not begun"
    there = f"{rough_time_text(left)} is left for this run" if left > 0 else "nothing is left"
    return f"{takes}, and of --budget {time_text(spending.seconds)} {there}"
