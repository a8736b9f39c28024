"""How training shows in what a model says (§2.3, Appendix D): chains, readings, prefixes."""

from alpharl_bench.behaviour.passes import (
    BEGINNING_SHARE,
    BEGINNING_TOKENS,
    Chains,
    Continuation,
    Likeness,
    Pass,
    Reading,
)
from alpharl_bench.behaviour.table import Behaviour

__all__ = [
    "BEGINNING_SHARE",
    "BEGINNING_TOKENS",
    "Behaviour",
    "Chains",
    "Continuation",
    "Likeness",
    "Pass",
    "Reading",
]
