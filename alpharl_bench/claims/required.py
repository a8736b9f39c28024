"""What judging a claim requires of a run: its table, its variants, and that the run learned."""

from collections.abc import Sequence

from alpharl_bench.claims.claim import Claim
from alpharl_bench.tables import Requirements, table, union
from alpharl_bench.tables.required import scored
from alpharl_bench.variants import BASE, FULL


def requirements_of(claim: Claim, steps: Sequence[int], batches: int = 1) -> Requirements:
    """What one claim requires.

    Where questions are asked, base and trained model are scored too: of a run that did not learn
    no claim is judged.

    Args:
        claim: a claim of a paper.
        steps: the steps of the run's checkpoints.
        batches: the number of analyses of a claim that samples.
    """
    query = claim.query(steps, batches)
    parts = [claim.reads_from.requires(query, steps), table("scores").requires(query, steps)]
    if claim.needs_generation:
        parts.append(scored([BASE, FULL], steps, batches))
    return union(parts)
