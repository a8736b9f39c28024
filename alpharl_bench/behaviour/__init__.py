"""How training shows in what a model says (§2.3, Appendix D): chains, readings, prefixes."""

from alpharl_bench.behaviour.measurements import (
    BEGINNING_SHARE,
    BEGINNING_TOKENS,
    AnswerAgreement,
    Chains,
    Continuation,
    Divergence,
    Measurement,
    TeacherForced,
)
from alpharl_bench.behaviour.table import Behaviour

__all__ = [
    "BEGINNING_SHARE",
    "BEGINNING_TOKENS",
    "AnswerAgreement",
    "Behaviour",
    "Chains",
    "Continuation",
    "Divergence",
    "Measurement",
    "TeacherForced",
]
