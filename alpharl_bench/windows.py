"""Which modules stand in which window of Figure 6c, and how much of the update they hold."""

import math
from collections.abc import Mapping

from pydantic.dataclasses import dataclass

from alpharl_bench.cache import content_key
from alpharl_bench.dynamics import places, windows
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants import Variant
from alpharl_bench.variants.materialise import UpdateSource


@dataclass(frozen=True)
class ScoredWindow:
    """What a window holds beside its accuracy.

    Args:
        variant: the label of the window.
        modules: their names, the first of the order first.
        mlp: the number of MLP modules among them.
        least: their least R², by the accuracies on the validation split.
        norm: ‖ΔW‖_F of these modules over that of all.
    """

    variant: str
    modules: tuple[str, ...]
    mlp: int
    least: float
    norm: float


def window_modules(variant: Variant, r_squared: Mapping[str, float]) -> tuple[str, ...]:
    """The modules of a window, by falling R² or in the order of its shuffle.

    Args:
        variant: the window.
        r_squared: the R² of every module, by name.

    Raises:
        AlphaRLBenchError: a module has no R², or there are too few modules for so many windows.
    """
    found = windows(r_squared)
    if variant.shuffle is not None:
        found = windows({name: _drawn(name, variant.shuffle) for name in r_squared})
    if variant.number > len(found):
        raise AlphaRLBenchError(
            f"'{variant.label}': {len(r_squared)} modules make {len(found)} windows; 7 are needed"
        )
    return found[variant.number - 1].modules


def scored_window(
    variant: Variant, r_squared: Mapping[str, float], source: UpdateSource
) -> ScoredWindow:
    """Describe a window whose modules are known.

    Args:
        variant: the window, with its ``modules``.
        r_squared: the R² of every module, by name.
        source: the updates of the run.
    """
    factors = source.factors(None)
    norms = {name: factors.module(name, 1).norm for name in r_squared}
    whole = math.hypot(*norms.values())
    return ScoredWindow(
        variant=variant.label,
        modules=variant.modules,
        mlp=sum(place.block == "MLP" for place in places(variant.modules)),
        least=min(r_squared[name] for name in variant.modules),
        norm=math.hypot(*(norms[name] for name in variant.modules)) / whole,
    )


def _drawn(module: str, draw: int) -> float:
    """A number from 0 to 1 that stands for the R² of a module in a shuffled order."""
    return int(content_key(module=module, shuffle=draw)[:12], 16) / 16**12
