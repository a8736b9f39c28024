"""arXiv 2510.00553: Rank-1 Dominance, Rank-1 Linear Dynamics, and AlphaRL."""

from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import ARXIV
from alpharl_bench.papers.paper import Paper

PAPER = Paper(
    arxiv=ARXIV,
    title="On Predictability of Reinforcement Learning Dynamics for LLMs",
    claims=tuple(CLAIMS.values()),
    package=__name__,
)
