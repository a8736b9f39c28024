"""What a claim is, and the judge that turns evidence into verdicts."""

from alpharl_bench.claims.claim import Claim, Curve, Null, PaperRef, Point, Printed, Threshold
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.claims.family import holm
from alpharl_bench.claims.measures import Interval, Learning, learning
from alpharl_bench.claims.verdict import Outcome, Verdict, judge

__all__ = [
    "Claim",
    "Curve",
    "Evidence",
    "Interval",
    "Learning",
    "Null",
    "Outcome",
    "PaperRef",
    "Point",
    "Printed",
    "Threshold",
    "Verdict",
    "holm",
    "judge",
    "learning",
]
