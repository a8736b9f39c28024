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


@pytest.mark.parametrize("percent", [0, -5, 101])
def test_a_forecast_is_of_a_part_of_the_training(percent: int) -> None:
    with pytest.raises(ValueError, match="of a part of the training"):
        forecast("alpharl", percent)
