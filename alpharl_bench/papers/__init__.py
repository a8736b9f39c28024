"""The papers whose claims are judged: a package for each, here or in another distribution."""

from alpharl_bench.claims.paper import Paper
from alpharl_bench.claims.papers import (
    find_claim,
    find_paper,
    load_claims,
    load_papers,
    shown_ids,
)

__all__ = ["Paper", "find_claim", "find_paper", "load_claims", "load_papers", "shown_ids"]
