"""The paper's claims as data."""

from alpharl_bench.claims import Claim
from alpharl_bench.papers.arxiv_2510_00553.claims.alpharl import ACCELERATION
from alpharl_bench.papers.arxiv_2510_00553.claims.behaviour import BEHAVIOUR
from alpharl_bench.papers.arxiv_2510_00553.claims.low_rank import LOW_RANK
from alpharl_bench.papers.arxiv_2510_00553.claims.policy import POLICY
from alpharl_bench.papers.arxiv_2510_00553.claims.property1 import RANK1_DOMINANCE
from alpharl_bench.papers.arxiv_2510_00553.claims.property2 import LINEAR_DYNAMICS

#: The claims of §2 of the paper.
PROPERTY1: tuple[Claim, ...] = (*RANK1_DOMINANCE, *LOW_RANK)
#: The claims of §3.
PROPERTY2: tuple[Claim, ...] = LINEAR_DYNAMICS
#: The claims of §4, and the comparison with other methods.
ALPHARL: tuple[Claim, ...] = ACCELERATION
#: Every claim by id.
CLAIMS: dict[str, Claim] = {
    claim.id: claim for claim in (*PROPERTY1, *BEHAVIOUR, *PROPERTY2, *ALPHARL, *POLICY)
}

__all__ = ["ALPHARL", "BEHAVIOUR", "CLAIMS", "POLICY", "PROPERTY1", "PROPERTY2"]
