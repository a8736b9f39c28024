"""Which part of a transformer a module is, and windows of modules by their R² (§3.2)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alpharl_bench.errors import AlphaRLBenchError

# The first number in a name is that of the layer, whatever the container is called.
_LAYER = re.compile(r"(?:^|\.)(\d+)\.(?P<inside>.+)$")
_EXPERT = re.compile(r"\[\d+\]$")
# Mixtures call it gate, and so are the gates of their experts called.
_ROUTER = re.compile(
    r"\.(mlp|moe|block_sparse_moe|ffn|feed_forward)\.(gate|router)(\.layer)?\.weight$"
)
_BLOCKS = {
    "attention": re.compile(r"attn|attention", re.IGNORECASE),
    "MLP": re.compile(r"mlp|moe|ffn|feed_forward|expert|(^|\.)(fc\d|fc_\w+)\.", re.IGNORECASE),
}
#: How many windows of a third of the modules begin a seventh of them apart.
WINDOWS = 5


@dataclass(frozen=True)
class Place:
    """Where in a transformer a module stands.

    Args:
        module: its name.
        block: ``attention`` (also linear) or ``MLP``; ``other`` for state-space mixers and other
            parts of a layer, embeddings and output head.
        kind: ``q``, ``k``, ``v``, ``o``, ``gate``, ``up``, ``down`` or ``gate_up``; ``router`` of
            a mixture; the last part of its name where it is none of these, as ``embed_tokens``.
        layer: counted from 0; None outside the layers.
        depth: layer over the number of layers, from 0 to below 1; None outside the layers.
    """

    module: str
    block: str
    kind: str
    layer: int | None
    depth: float | None


@dataclass(frozen=True)
class Window:
    """Some modules, the one with the highest R² first, and the least R² among them."""

    modules: tuple[str, ...]
    least: float


def places(modules: Iterable[str]) -> list[Place]:
    """The place of every module of a model, in the order given.

    Args:
        modules: the names of all of them: the last layer among them ends the model.
    """
    names = list(modules)
    layers = [_layer(name) for name in names]
    total = max((layer for layer in layers if layer is not None), default=0) + 1
    return [
        Place(name, _block(name), _kind(name), layer, None if layer is None else layer / total)
        for name, layer in zip(names, layers, strict=True)
    ]


def windows(r_squared: Mapping[str, float]) -> list[Window]:
    """Sliding windows over the modules sorted by falling R², as in Figure 6c.

    A window holds a third of the modules and the next one begins a seventh of them later ('roughly'
    and 'about' in the paper); all are of the same size, so that the last few modules are in none.
    From seven modules on there are :data:`WINDOWS` of them, of fewer modules fewer.

    Args:
        r_squared: the R² of every module, by name; ties are ordered by name.

    Raises:
        AlphaRLBenchError: there are no modules, or one has no R².
    """
    missing = [name for name, value in r_squared.items() if value != value]  # noqa: PLR0124
    if missing or not r_squared:
        what = f"'{missing[0]}' and {len(missing) - 1} more" if missing else "there are no modules"
        raise AlphaRLBenchError(
            f"windows of modules by R²: {what} without one; accuracies must vary over checkpoints"
        )
    order = sorted(r_squared, key=lambda name: (-r_squared[name], name))
    size = max(1, round(len(order) / 3))
    # Rounded one by one, so that the number of windows does not depend on that of modules.
    starts = dict.fromkeys(round(number * len(order) / 7) for number in range(WINDOWS))
    return [
        Window(chosen, r_squared[chosen[-1]])
        for start in starts
        if len(chosen := tuple(order[start : start + size])) == size
    ]


def _layer(name: str) -> int | None:
    match = _LAYER.search(name)
    return int(match[1]) if match else None


def _block(name: str) -> str:
    match = _LAYER.search(name)
    inside = match["inside"] if match else ""
    return next((block for block, part in _BLOCKS.items() if part.search(inside)), "other")


def _kind(name: str) -> str:
    if _ROUTER.search(name):
        return "router"
    last = _EXPERT.sub("", name).removesuffix(".weight").rpartition(".")[2]
    return last.removesuffix("_proj")
