"""arXiv 2510.00553: Rank-1 Dominance, Rank-1 Linear Dynamics, and AlphaRL."""

from alpharl_bench.claims.paper import Paper
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import ARXIV

PAPER = Paper(
    arxiv=ARXIV,
    title="On Predictability of Reinforcement Learning Dynamics for LLMs",
    claims=tuple(CLAIMS.values()),
    package=__name__,
    column="paper (7–32 B)",
    caveat=(
        "Numbers of the paper are from models of 7 to 32 billion parameters: another scale than "
        "the nano lane."
    ),
)
