"""Variants of a run's weights: which ones there are, and how they come into being."""

from alpharl_bench.variants.spec import (
    BASE,
    FULL,
    Variant,
    decoded,
    forecast,
    full_at,
    percent,
    random_control,
    rank,
    subspace,
    window,
)

__all__ = [
    "BASE",
    "FULL",
    "Variant",
    "decoded",
    "forecast",
    "full_at",
    "percent",
    "random_control",
    "rank",
    "subspace",
    "window",
]
