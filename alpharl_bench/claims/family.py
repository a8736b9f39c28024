"""Several verdicts at once: Holm's correction over all that a session judged."""

from collections.abc import Iterable

from alpharl_bench.claims.verdict import Verdict


def holm(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], float]:
    """Adjusted p-values by qualified id of the claim and run (Holm 1979, Scand. J. Statist. 6:65).

    With verdicts at an adjusted p ≤ 0.05 alone, the chance of a single false one among all is at
    most 5 %, however they depend on each other. Verdicts that could not be judged count with p = 1:
    which claims are asked is fixed before it is known what can be judged.

    Args:
        verdicts: the family: every claim on every run of a session.
    """
    # Imported here: it takes a second, and only a report needs it.
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    family = list(verdicts)
    if not family:
        return {}
    adjusted = multipletests([verdict.p_value for verdict in family], method="holm")[1]
    keys = [(verdict.claim.qualified_id, verdict.run) for verdict in family]
    return dict(zip(keys, map(float, adjusted), strict=True))
