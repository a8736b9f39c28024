"""Several verdicts at once: Holm's correction over those that answer one question."""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from alpharl_bench.claims.verdict import Verdict

Key = TypeVar("Key", bound=Hashable)


def holm(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], float]:
    """Adjusted p-values by qualified id of the claim and run (Holm 1979, Scand. J. Statist. 6:65).

    With verdicts at an adjusted p ≤ 0.05 alone, the chance of a single false one among all is at
    most 5 %, however they depend on each other. Verdicts that could not be judged count with p = 1:
    which claims are asked is fixed before it is known what can be judged. Facts of a run have no
    p-value and are in no family.

    Args:
        verdicts: the family: claims on runs that answer one question, such as whether a property of
            the paper holds.
    """
    return adjusted({(v.claim.qualified_id, v.run): v.p_value for v in verdicts if not v.alone})


def adjusted(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """The p-values of a family, adjusted by Holm's method.

    Args:
        p_values: the p-value of every member of the family.
    """
    # Imported here: it takes a second, and only a report needs it.
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    if not p_values:
        return {}
    found = multipletests(list(p_values.values()), method="holm")[1]
    return dict(zip(p_values, map(float, found), strict=True))
