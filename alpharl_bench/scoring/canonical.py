"""Variants of a run that are the same model: all of them are scored under one name."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain

from alpharl_bench.forecast.selection import observed_steps
from alpharl_bench.variants import Variant, percent, rank
from alpharl_bench.variants.materialise import rank_of

# Claims ask for these shares: a score that is kept under one of them stays where it was.
_ROUND = range(10, 101, 10)
_SHARES = range(1, 101)


def canonical(
    variant: Variant, steps: Sequence[int], shapes: Collection[tuple[int, int]]
) -> Variant:
    """The variant under whose name the scores of all variants with the same weights are kept.

    The same are: the last checkpoint named by its step and without one; Rank-k, Rank-p % and
    subspace 1 where they keep the same subspaces of every module; forecasts by one method of parts
    of the training that hold the same checkpoints. Steps and shapes tell that, so a plan knows it
    before there are weights. What values alone tell is not looked for: checkpoints of the same
    content, windows of the same modules, predictions that coincide.

    Args:
        variant: a variant of the run.
        steps: the steps of the run's checkpoints, ascending.
        shapes: (m, n) of the run's modules, each shape at least once.

    Returns:
        A variant whose weights are the same to the bit.
    """
    if variant.step == steps[-1]:
        variant = replace(variant, step=None)
    match variant.kind:
        case "subspace" if variant.number == 1:
            return replace(variant, kind="rank")
        case "rank" | "percent":
            return _by_subspaces(variant, shapes)
        case "forecast":
            return _by_observed(variant, steps)
    return variant


def _by_subspaces(variant: Variant, shapes: Collection[tuple[int, int]]) -> Variant:
    """Rank-1 where it is that, else a round share, else a rank, else the least share."""
    kept = _kept(variant, shapes)
    most = rank(max(kept, default=1))
    names = chain((rank(1),), map(percent, _ROUND), (most,), map(percent, _SHARES))
    same = next(name for name in names if _kept(name, shapes) == kept)
    return replace(variant, kind=same.kind, number=same.number)


def _kept(variant: Variant, shapes: Collection[tuple[int, int]]) -> list[int]:
    """How many leading subspaces are kept of a module of each shape."""
    return [min(rank_of(variant, shape), *shape) for shape in shapes]


def _by_observed(variant: Variant, steps: Sequence[int]) -> Variant:
    """The least round share with the same checkpoints, else the least share."""
    observed = observed_steps(steps, variant.number)
    shares = chain(_ROUND, _SHARES)
    same = next(share for share in shares if observed_steps(steps, share) == observed)
    return replace(variant, number=same)
