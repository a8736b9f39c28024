"""Variants of a run's weights: which ones there are, and how they come into being."""

from alpharl_bench.variants.spec import (
    BASE,
    FULL,
    MODULES,
    UNSCALED,
    WITH_THE_REST,
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
    "MODULES",
    "UNSCALED",
    "WITH_THE_REST",
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
