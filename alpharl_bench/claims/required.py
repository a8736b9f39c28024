"""What judging a claim requires of a run: its table, its variants, and that the run learned."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from alpharl_bench.baselines import BASELINES
from alpharl_bench.baselines.bias import QUESTIONS, ROUNDS, SAMPLES
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


def baselines_required(batches: Mapping[Claim, int], steps: Sequence[int]) -> Requirements:
    """What tells how much of a gain the untrained base has too, decoded in another way.

    Args:
        batches: the claims, each with the number of its analyses; those that ask no questions take
            none.
        steps: the steps of the run's checkpoints.
    """
    count = max((count for claim, count in batches.items() if claim.needs_generation), default=0)
    if not count:
        return Requirements()
    return replace(scored(BASELINES, steps, count), drawn=ROUNDS * QUESTIONS * SAMPLES)
