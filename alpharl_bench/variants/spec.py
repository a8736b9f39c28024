"""Names for the weight variants that the paper compares (§2.1, §2.2)."""

import math
from dataclasses import dataclass
from typing import Literal

from alpharl_bench.errors import AlphaRLBenchError

Kind = Literal[
    "base",
    "full",
    "modules",
    "rank",
    "percent",
    "subspace",
    "random",
    "window",
    "forecast",
    "decoded",
]


@dataclass(frozen=True)
class Variant:
    """Base weights plus an update derived from one checkpoint of a run, or from its first part.

    ``number`` is the rank (``rank``), the share of min(m, n) in percent (``percent``), the index of
    the singular value counted from 1 (``subspace``), the draw (``random``), the place among the
    windows of modules counted from 1 (``window``), or the observed part of the training in percent
    (``forecast``); ``alpha`` scales the norm-matched update; ``step`` names the checkpoint, None
    the final one. ``method`` is that of a forecast, or how the base's tokens are chosen
    (``decoded``); ``candidate`` is the number of the target, or of the setting, that it is made
    for, from 0, among those that are chosen from; None is the chosen. ``shuffle`` is the
    draw of the order that windows slide over, None the order by falling R²; ``modules`` are those
    of a window, known only once the run's are ranked. An update that is not ``matched`` is not
    scaled to the norm of ΔW; with ``rest`` all tensors that no module is are those of the
    checkpoint. ``modules`` as a kind is the whole update of all modules.
    """

    kind: Kind
    number: int = 0
    alpha: float = 1.0
    step: int | None = None
    method: str = ""
    candidate: int | None = None
    shuffle: int | None = None
    modules: tuple[str, ...] = ()
    matched: bool = True
    rest: bool = False

    def __post_init__(self) -> None:
        """Refuse a rank, share or index below 1, which would silently be the base."""
        if self.kind in {"rank", "percent", "subspace", "window"} and self.number < 1:
            raise ValueError(f"{self.kind} {self.number}: counted from 1")
        if self.kind == "forecast" and not 0 < self.number <= 100:
            raise ValueError(f"forecast of {self.number}%: of a part of the training")

    @property
    def low_rank(self) -> bool:
        """Whether it is made from the leading triplets of a checkpoint's update."""
        return self.kind not in {"base", "full", "modules", "forecast", "decoded"}

    @property
    def label(self) -> str:
        """A short unique name, as in the tables: ``rank-1``, ``rank-10%``, ``rank-1 x0.5``."""
        name = {
            "base": "base",
            "full": "full",
            "modules": "all modules",
            "rank": f"rank-{self.number}",
            "percent": f"rank-{self.number}%",
            "subspace": f"subspace-{self.number}",
            "random": f"random-rank-1 #{self.number}",
            "window": f"window-{self.number}",
            "forecast": f"{self.method} of {self.number}%",
            "decoded": f"base, {self.method}",
        }[self.kind]
        if self.candidate is not None:
            name += f", candidate {self.candidate}"
        if self.shuffle is not None:
            name += f" of shuffle #{self.shuffle}"
        if not self.matched:
            name += " unscaled"
        if self.rest:
            name += " with the rest"
        scale = "" if self.alpha == 1 else f" x{self.alpha}"
        return name + scale + ("" if self.step is None else f" @{self.step}")


BASE = Variant("base")
#: The fully trained model, all of its parameters.
FULL = Variant("full")
#: Its modules alone: embeddings, norms and biases stay at the base's values.
MODULES = Variant("modules")
#: Rank-1 as it is, not scaled to the norm of ΔW.
UNSCALED = Variant("rank", 1, matched=False)
#: Rank-1 beside trained embeddings, norms and biases.
WITH_THE_REST = Variant("rank", 1, rest=True)


def decoded(method: str) -> Variant:
    """The base, untrained, with its tokens chosen in another way (:mod:`alpharl_bench.baselines`).

    Args:
        method: the name of the way.
    """
    return Variant("decoded", method=method)


def parse_part(size: str, index: int | None, alpha: float) -> Variant:
    """The variant that the options ``--rank``, ``--subspace`` and ``--alpha`` describe.

    Args:
        size: a rank, or a share of min(m, n) as ``10%``.
        index: the index of a single subspace, instead of the leading ones.
        alpha: the scale of the norm-matched update.

    Raises:
        AlphaRLBenchError: an option is no such number, or two of them contradict each other.
    """
    if not math.isfinite(alpha) or alpha == 0:
        raise AlphaRLBenchError(f"--alpha {alpha}: must be a finite number other than 0")
    number = size.removesuffix("%")
    if not number.isdecimal() or int(number) < 1:
        raise AlphaRLBenchError(f"--rank {size}: a whole number from 1, or a share as 10%")
    if index is not None:
        if index < 1:
            raise AlphaRLBenchError(f"--subspace {index}: counted from 1")
        if size != "1":
            raise AlphaRLBenchError("--subspace and --rank exclude each other: name one of them")
        return Variant("subspace", index, alpha)
    if size.endswith("%"):
        if int(number) > 100:
            raise AlphaRLBenchError(f"--rank {size}: at most 100%")
        return Variant("percent", int(number), alpha)
    return Variant("rank", int(number), alpha)


def full_at(step: int) -> Variant:
    """The checkpoint of a step, all of its parameters."""
    return Variant("full", step=step)


def rank(k: int, *, alpha: float = 1.0, step: int | None = None) -> Variant:
    """W_base + α · rescaled ΔW_(k) (§2.1, equations 2 and 3)."""
    return Variant("rank", k, alpha, step)


def percent(p: int) -> Variant:
    """Rank-p %: as :func:`rank`, with p % of min(m, n) subspaces per module, at least 1."""
    return Variant("percent", p)


def subspace(index: int) -> Variant:
    """Only the subspace of the ``index``-th singular value, norm-matched (Figure 4a)."""
    return Variant("subspace", index)


def forecast(method: str, percent: int) -> Variant:
    """The model that a method predicts from the first ``percent`` % of the training (§4)."""
    return Variant("forecast", percent, method=method)


def random_control(draw: int) -> Variant:
    """A random rank-1 update with the norm of ΔW in every module: the control."""
    return Variant("random", draw)


def window(number: int, *, shuffle: int | None = None) -> Variant:
    """Rank-1 of a third of the modules alone (§3.2, Figure 6c).

    Args:
        number: the number of the window, from 1; the modules of the first have the highest R².
        shuffle: the draw of a random order to slide over instead: the null.
    """
    return Variant("window", number, shuffle=shuffle)
