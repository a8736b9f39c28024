"""The papers whose claims are judged: a package for each, here or in another distribution."""

from alpharl_bench.papers.load import (
    find_claim,
    find_paper,
    load_claims,
    load_papers,
    shown_ids,
)
from alpharl_bench.papers.paper import Paper

__all__ = ["Paper", "find_claim", "find_paper", "load_claims", "load_papers", "shown_ids"]
