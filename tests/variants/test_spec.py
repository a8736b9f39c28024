"""The names of variants."""

from dataclasses import replace
from itertools import product

import pytest

from alpharl_bench.variants import (
    BASE,
    FULL,
    Variant,
    forecast,
    full_at,
    logits,
    percent,
    random_control,
    rank,
    subspace,
    window,
)


@pytest.mark.parametrize(
    ("variant", "label"),
    [
        (BASE, "base"),
        (FULL, "full"),
        (full_at(20), "full @20"),
        (rank(1), "rank-1"),
        (rank(8), "rank-8"),
        (rank(1, alpha=0.5), "rank-1 x0.5"),
        (window(2), "window-2"),
        (window(2, shuffle=0), "window-2 of shuffle #0"),
        (rank(1, alpha=1.25, step=40), "rank-1 x1.25 @40"),
        (rank(1, step=40), "rank-1 @40"),
        (percent(10), "rank-10%"),
        (subspace(9), "subspace-9"),
        (random_control(2), "random-rank-1 #2"),
        (logits(5, 10, 20), "logits-from-5 x3.0 @10"),
        (logits(0, 10, 10), "logits-from-0 @10"),
        (forecast("alpharl", 40), "alpharl of 40%"),
        (replace(forecast("expo", 5), candidate=0), "expo of 5%, candidate 0"),
    ],
)
def test_labels(variant: Variant, label: str) -> None:
    assert variant.label == label


def test_different_variants_have_different_labels() -> None:
    alphas_and_steps = list(product((0.25, 0.5, 1.0, 1.5), (None, 5, 50)))
    variants = [
        BASE,
        *(Variant("full", step=step) for step in (None, 5, 50)),
        *(
            Variant(kind, number, alpha, step)
            for kind in ("rank", "percent", "subspace", "random")
            for number in (1, 5, 15)
            for alpha, step in alphas_and_steps
        ),
        *(logits(*steps) for steps in ((0, 5, 10), (0, 5, 15), (0, 10, 15), (5, 10, 15))),
    ]
    assert len({variant.label for variant in variants}) == len(variants)


def test_alpha_one_and_no_step_are_the_plain_variant() -> None:
    assert rank(1, alpha=1.0, step=None) == rank(1)
    assert len({rank(1), rank(1, alpha=1.0), Variant("rank", 1)}) == 1


@pytest.mark.parametrize("make", [rank, percent, subspace])
def test_nothing_is_counted_from_0(make) -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        make(0)


def test_close_scales_have_labels_of_their_own() -> None:
    assert rank(1, alpha=0.1234567).label != rank(1, alpha=0.1234568).label


def test_extrapolated_logits_reach_their_target_on_the_line_through_both_steps() -> None:
    for earlier, later, target in product((0, 400), (500, 1400), (0, 450, 1000, 2000)):
        made = logits(earlier, later, target)
        assert (made.number, made.step) == (earlier, later)
        assert earlier + made.alpha * (later - earlier) == pytest.approx(target)


@pytest.mark.parametrize(("earlier", "later"), [(5, 5), (6, 5), (-1, 5), (0, 0)])
def test_the_steps_of_extrapolated_logits_rise_from_0(earlier: int, later: int) -> None:
    with pytest.raises(ValueError, match="must rise from 0"):
        logits(earlier, later, 10)


@pytest.mark.parametrize("step", [None, 0, 5])
def test_extrapolated_logits_name_their_later_step(step: int | None) -> None:
    with pytest.raises(ValueError, match="must rise from 0"):
        Variant("logits", 5, step=step)


@pytest.mark.parametrize("percent", [0, -5, 101])
def test_a_forecast_is_of_a_part_of_the_training(percent: int) -> None:
    with pytest.raises(ValueError, match="of a part of the training"):
        forecast("alpharl", percent)
