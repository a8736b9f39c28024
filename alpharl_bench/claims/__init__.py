"""What a claim is, and the judge that turns evidence into verdicts."""

from alpharl_bench.claims.claim import Claim, Curve, Null, Paper, Point, Threshold
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
    "Paper",
    "Point",
    "Threshold",
    "Verdict",
    "holm",
    "judge",
    "learning",
]
