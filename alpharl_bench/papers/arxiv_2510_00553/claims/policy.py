"""Claims of §2 and §4 without sampling: the policy in place of the accuracy.

Each claim here is one of another module with ``a(v)`` = 1 − KL(full ‖ v) / KL(full ‖ base), the
share of the policy's change that a variant makes: 0 of the base, 1 of the trained model. The
trained model's own responses are read, and none is generated for a variant. Both policies are at
temperature 1, as RL trains them. The paper has no such
numbers: every line is ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from alpharl_bench.claims.claim import Claim, Curve, Printed, Threshold
from alpharl_bench.papers.arxiv_2510_00553.claims.alpharl import ACCELERATION
from alpharl_bench.papers.arxiv_2510_00553.claims.property1 import RANK1_DOMINANCE
from alpharl_bench.tables.policy import Readers
from alpharl_bench.variants import Variant

#: Of Property 1 all but what is computed from weights, and contrasts.
_PROPERTY1 = (
    *("P1.1", "P1.1-control", "P1.2-percent", "P1.2-rank", "P1.3", "P1.4-best", "P1.4-order"),
    *("P1.5-saturation", "P1.5-peak"),
)
#: Of AlphaRL those that compare weights and no costs.
_ALPHARL = ("A1", "A1-code", "A3", "A3-code", "A5", "A5-code")

_CAVEAT = (
    "A policy may change in what no question asks about: this is no accuracy, and stands beside "
    "the claim on it. With vLLM the divergences are estimated from the drawn tokens."
)


def _read_for(claim: Claim) -> Readers:
    """The variants that a claim compares and that its controls read."""

    def readers(steps: Sequence[int]) -> list[Variant]:
        controls = [v for null in (*claim.nulls, *claim.ceilings) for v in null.reads]
        return list(dict.fromkeys([*claim.variants(steps), *controls]))

    return readers


def _without(phrase: str) -> Callable[[str], str]:
    return lambda text: text.replace("relative accuracy", phrase).replace("accuracy", phrase)


def twin(claim: Claim) -> Claim:
    """The same claim on policies."""
    worded = _without("policy recovery")
    return replace(
        claim,
        id=f"{claim.id}-policy",
        title=f"{claim.title}, of the policy",
        text=f"{claim.text} Here of what the model would say, not of what is right.",
        threshold=Threshold(claim.threshold.low, claim.threshold.high),
        formula=f"{claim.formula}, a(v) = 1 − KL(full ‖ v) / KL(full ‖ base)",
        statistic_label=worded(claim.statistic_label),
        printed=Printed("not measured", {}),
        # The figure's name alone: what reads is not scored.
        curve=Curve(f"{claim.id.lower()}-policy", lambda _: [], x_label=""),
        table="policy",
        measurements=(_read_for(claim),),
        # That of a base is 0 by definition.
        nulls=tuple(null for null in claim.nulls if null.name != "base"),
        practical=None,
        by_task=False,
        caveat=_CAVEAT,
    )


_KNOWN: dict[str, Claim] = {claim.id: claim for claim in (*RANK1_DOMINANCE, *ACCELERATION)}
POLICY: tuple[Claim, ...] = tuple(twin(_KNOWN[name]) for name in (*_PROPERTY1, *_ALPHARL))
