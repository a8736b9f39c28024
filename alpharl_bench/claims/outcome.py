"""What a verdict can say."""

from enum import StrEnum
from typing import Self

from alpharl_bench.claims.claim import Origin, Threshold
from alpharl_bench.claims.measures import Interval


class Outcome(StrEnum):
    """The verdicts.

    A number is *measured* without being a verdict on the claim where it is a fact of one run, whose
    modules or tokens are no sample of anything, and where it fails by a line that the paper did not
    draw.
    """

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_INFORMATIVE = "not informative"
    MEASURED = "measured"

    @classmethod
    def of(cls, *, held: bool, informative: bool, origin: Origin) -> Self:
        """The outcome of an interval that lies wholly on one side of a line.

        Args:
            held: whether it is the claim's side.
            informative: whether the run can be told from the controls of that side.
            origin: who drew the line.
        """
        if not informative:
            return cls.NOT_INFORMATIVE
        if held:
            return cls.SUPPORTED
        return cls.MEASURED if origin is Origin.OURS else cls.REFUTED


def by_line(line: Threshold, value: Interval) -> Outcome:
    """What an interval says by a line of ours: it holds, it is missed, or it is open."""
    if line.holds(value.low, value.high):
        return Outcome.SUPPORTED
    return Outcome.MEASURED if line.fails(value.low, value.high) else Outcome.INCONCLUSIVE
