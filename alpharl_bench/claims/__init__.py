"""What a claim is, and the judge that turns evidence into verdicts."""

from alpharl_bench.claims.claim import (
    Claim,
    Curve,
    Null,
    Origin,
    PaperRef,
    Point,
    Printed,
    Threshold,
)
from alpharl_bench.claims.controls import Control
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.claims.extremes import extreme
from alpharl_bench.claims.family import holm
from alpharl_bench.claims.measures import Fact, Interval, Learning, learning
from alpharl_bench.claims.outcome import Outcome
from alpharl_bench.claims.verdict import Verdict, judge

__all__ = [
    "Claim",
    "Control",
    "Curve",
    "Evidence",
    "Fact",
    "Interval",
    "Learning",
    "Null",
    "Origin",
    "Outcome",
    "PaperRef",
    "Point",
    "Printed",
    "Threshold",
    "Verdict",
    "extreme",
    "holm",
    "judge",
    "learning",
]
