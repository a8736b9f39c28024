"""Whether two chains begin alike and come to the same answer (Table 2)."""

from alpharl_bench.behaviour.chains import Chain
from alpharl_bench.behaviour.measurements import beginning


def alike(chain: Chain, other: Chain) -> dict[str, float]:
    """The figures of a :class:`~alpharl_bench.behaviour.measurements.AnswerAgreement`.

    The beginning is the other's. Chains without an answer agree in none.
    """
    start = beginning(len(other.tokens))
    same_start = chain.tokens[:start] == other.tokens[:start]
    same_answer = chain.answer is not None and chain.answer == other.answer
    return {"start": same_start, "answer": same_answer, "both": same_start and same_answer}
