"""What variants and trajectories require: the one place that derives it."""

from collections.abc import Iterable, Sequence

from alpharl_bench.baselines import settings_of
from alpharl_bench.forecast.selection import observed_steps, side_by_side, validated
from alpharl_bench.tables.requirements import Requirements, union
from alpharl_bench.variants import Variant, full_at, rank


def scored(variants: Iterable[Variant], steps: Sequence[int], batches: int = 1) -> Requirements:
    """What it takes to score variants on the reported questions.

    Args:
        variants: the scored variants.
        steps: the steps of the run's checkpoints.
        batches: the number of batches of samples of each variant.
    """
    found = list(variants)
    return union(
        [Requirements(scores={(one, "test"): batches for one in found}), materialised(found, steps)]
    )


def materialised(variants: Iterable[Variant], steps: Sequence[int]) -> Requirements:
    """What it takes to have the weights of variants.

    That is the checkpoints that they are made of, their triplets, and for forecasts and windows the
    scores on the validation split that their targets and modules are chosen by.

    Args:
        variants: the required variants.
        steps: the steps of the run's checkpoints.
    """
    wanted = set(variants)
    validation = {other for variant in wanted for other in _validated(variant, steps)}
    wanted |= validation
    # A forecast reads the part of the run that it observes, a window is ranked by all of it.
    path = {step for variant in wanted for step in _path(variant, steps)}
    low_rank = {v for v in wanted if v.low_rank}
    return Requirements(
        scores={(variant, "validation"): 1 for variant in validation},
        opened=frozenset({None, *path, *_checkpoints(wanted, steps)}),
        decomposed=frozenset(low_rank | {rank(1, step=step) for step in path}),
        side_by_side=any(v.kind == "window" or side_by_side(v) for v in wanted),
    )


def trajectory(steps: Sequence[int]) -> Requirements:
    """What it takes to follow the Rank-1 updates of all checkpoints side by side."""
    return Requirements(
        opened=frozenset({None, *steps}),
        decomposed=frozenset(rank(1, step=step) for step in steps),
        side_by_side=True,
    )


def _validated(variant: Variant, steps: Sequence[int]) -> Sequence[Variant]:
    """What is scored on the validation split before a variant can be made."""
    match variant.kind:
        case "forecast":
            return validated(variant, steps)
        case "window":
            return [full_at(step) for step in steps]
        case "decoded":
            return settings_of(variant)
    return []


def _path(variant: Variant, steps: Sequence[int]) -> Sequence[int]:
    """The checkpoints that a variant is fitted to or ranked by."""
    match variant.kind:
        case "forecast":
            return observed_steps(steps, variant.number)
        case "window":
            return steps
    return []


def _checkpoints(variants: Iterable[Variant], steps: Sequence[int]) -> Iterable[int]:
    """The checkpoints that variants are made of, forecasts aside."""
    for variant in variants:
        if variant.kind not in {"base", "decoded", "forecast"}:
            yield steps[-1] if variant.step is None else variant.step
