"""The paper's claims as data, and the judge that turns scores into verdicts."""

from alpharl_bench.claims.alpharl import ACCELERATION
from alpharl_bench.claims.behaviour import BEHAVIOUR
from alpharl_bench.claims.claim import Claim, Curve, Null, Paper, Point, Threshold
from alpharl_bench.claims.evidence import Evidence
from alpharl_bench.claims.family import holm
from alpharl_bench.claims.low_rank import LOW_RANK
from alpharl_bench.claims.measures import Interval, Learning, learning
from alpharl_bench.claims.property1 import RANK1_DOMINANCE
from alpharl_bench.claims.property2 import LINEAR_DYNAMICS
from alpharl_bench.claims.verdict import Outcome, Verdict, judge

#: The claims of §2 of the paper.
PROPERTY1: tuple[Claim, ...] = (*RANK1_DOMINANCE, *LOW_RANK)
#: The claims of §3.
PROPERTY2: tuple[Claim, ...] = LINEAR_DYNAMICS
#: The claims of §4, and the comparison with other methods.
ALPHARL: tuple[Claim, ...] = ACCELERATION
#: Every claim by id.
CLAIMS: dict[str, Claim] = {
    claim.id: claim for claim in (*PROPERTY1, *BEHAVIOUR, *PROPERTY2, *ALPHARL)
}

__all__ = [
    "ALPHARL",
    "BEHAVIOUR",
    "CLAIMS",
    "PROPERTY1",
    "PROPERTY2",
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
