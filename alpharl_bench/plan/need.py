"""What claims need of a run: scores, chains of thought, checkpoints, triplets. Each thing once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alpharl_bench.behaviour import Pass
from alpharl_bench.behaviour.passes import Chains, Continuation, chains_of, variants_of
from alpharl_bench.claims import Claim
from alpharl_bench.forecast.selection import observed_steps, side_by_side, validated
from alpharl_bench.scoring.sampling import Split
from alpharl_bench.variants import BASE, FULL, Variant, full_at, percent, rank

#: What a pass generates, one response to every question. Readings generate nothing.
Generated = Chains | Continuation


@dataclass(frozen=True)
class Need:
    """What has to be there before a verdict can be.

    Args:
        looks: how often a variant is scored on a split, at most.
        generated: the chains that are written.
        opened: the steps of the checkpoints whose weights are read; None is the base.
        decomposed: variants whose triplets are kept on disk.
        whole: whether all singular values of the last update are needed.
        side_by_side: whether weights of several checkpoints are read tensor by tensor.
    """

    looks: Mapping[tuple[Variant, Split], int] = field(default_factory=dict)
    generated: frozenset[Generated] = frozenset()
    opened: frozenset[int | None] = frozenset()
    decomposed: frozenset[Variant] = frozenset()
    whole: bool = False
    side_by_side: bool = False

    @property
    def loads(self) -> bool:
        """Whether a model is loaded to answer questions."""
        return bool(self.looks or self.generated)


def need_of(claim: Claim, steps: Sequence[int], looks: int = 1) -> Need:
    """What one claim needs.

    Where questions are asked, base and trained model are scored too: of a run that did not learn
    no claim is judged.

    Args:
        claim: of the paper.
        steps: of the run's checkpoints.
        looks: how often a claim that samples may look.
    """
    asked = claim.variants(steps)
    judged = not claim.lacks(steps)
    passes = claim.passes if judged else ()
    reads = [variant for one in passes for variant in variants_of(one)]
    counts: dict[tuple[Variant, Split], int] = {}
    for variant in asked:
        counts[variant, "test"] = looks if claim.sampled else 1
    if claim.asks:
        counts |= {(BASE, "test"): looks, (FULL, "test"): looks}
    for variant in [*asked, *reads]:
        for other in _validated(variant, steps):
            counts[other, "validation"] = 1
    changed = {variant for variant, _ in counts} | set(reads)
    low_rank = {variant for variant in changed if variant.kind not in {"base", "full", "forecast"}}
    trajectory = set(steps) if claim.table == "dynamics" else set[int]()
    for variant in changed:
        if variant.kind == "window":
            trajectory |= set(steps)
        if variant.kind == "forecast":
            trajectory |= set(observed_steps(steps, variant.number))
    low_rank |= {rank(1, step=step) for step in trajectory}
    if claim.table == "spectrum":
        low_rank.add(percent(1))
    last = {steps[-1]} if claim.table in {"spectrum", "embedding"} else set[int]()
    return Need(
        looks=counts,
        generated=frozenset(_generated(passes)),
        opened=frozenset({None, *last, *trajectory, *_checkpoints(changed, steps)}),
        decomposed=frozenset(low_rank),
        whole=claim.all_singular_values,
        side_by_side=(
            claim.table == "dynamics"
            or any(variant.kind == "window" or side_by_side(variant) for variant in changed)
        ),
    )


def together(needs: Iterable[Need]) -> Need:
    """What several claims on one run need: what they share is needed once."""
    looks: dict[tuple[Variant, Split], int] = {}
    found = list(needs)
    for need in found:
        for scored, count in need.looks.items():
            looks[scored] = max(count, looks.get(scored, 0))
    return Need(
        looks=looks,
        generated=frozenset().union(*(need.generated for need in found)),
        opened=frozenset().union(*(need.opened for need in found)),
        decomposed=frozenset().union(*(need.decomposed for need in found)),
        whole=any(need.whole for need in found),
        side_by_side=any(need.side_by_side for need in found),
    )


def _validated(variant: Variant, steps: Sequence[int]) -> list[Variant]:
    """What is scored on the validation split before a variant can be made."""
    match variant.kind:
        case "forecast":
            return validated(variant, steps)
        case "window":
            return [full_at(step) for step in steps]
    return []


def _generated(passes: Iterable[Pass]) -> Iterable[Generated]:
    for one in passes:
        yield from chains_of(one)
        if isinstance(one, Continuation):
            yield one


def _checkpoints(variants: Iterable[Variant], steps: Sequence[int]) -> Iterable[int]:
    """The checkpoints that variants are made of, forecasts aside."""
    for variant in variants:
        if variant.kind not in {"base", "forecast"}:
            yield steps[-1] if variant.step is None else variant.step
