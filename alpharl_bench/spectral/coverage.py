"""How much of an update its modules hold, and what of it stays at the base."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from alpharl_bench.cache import cache_root, locked, write_whole
from alpharl_bench.checkpoints import Weights, shared
from alpharl_bench.checkpoints.blocks import block_shape, row_blocks
from alpharl_bench.checkpoints.modules import exclusion, matrices
from alpharl_bench.keys import product_key
from alpharl_bench.lazy import torch
from alpharl_bench.progress import progress_bar
from alpharl_bench.spectral.threads import spread

# Of the names of one kind.
_SHOWN = 3
# Below this much work a progress bar would only flicker by.
_WORTH_A_BAR = 500_000_000


class Moved(NamedTuple):
    """How far a matrix or tensor moved.

    ``square`` is ‖W_t − W_0‖², ``rounding`` ‖W_0 − W_0 in the dtype of W_t‖² where that is coarser,
    and ``rounded`` whether W_0 was rounded for the first.
    """

    square: float
    rounding: float
    rounded: bool


@dataclass(frozen=True)
class Coverage:
    """The parts of ‖ΔW‖² over all tensors of a model.

    Args:
        modules: the share that the modules hold, from 0 to 1; NaN if nothing moved.
        left: the share of each kind of tensor that stays at the base, the largest first.
        named: the names of each kind, with ``*`` for numbers.
        still: the names of floating-point tensors and matrices with ΔW = 0, with ``*`` for
            numbers, and how many of so many; empty if nothing moved.
        dtypes: those of the checkpoint's tensors that are coarser than the base's.
        rounded: the share of these tensors whose base was rounded first.
        floor: ‖W_0 − W_0 in these dtypes‖ over ‖ΔW‖, of the modules; 0 without such dtypes.
        apart: the names of tensors that have no difference: of another shape, or of integers that
            are not the base's.
    """

    modules: float
    left: dict[str, float]
    named: dict[str, list[str]]
    still: dict[str, tuple[int, int]]
    dtypes: list[str]
    rounded: float
    floor: float
    apart: list[str]

    def lines(self, *, whole: bool = False) -> list[str]:
        """What a user should know, in plain sentences.

        Args:
            whole: of a model whose tensors are all changed: nothing stays at the base.
        """
        if math.isnan(self.modules):
            return ["no tensor moved: there is no update"]
        lines = []
        if not whole:
            kinds = "; ".join(
                f"{kind} {_percent(share)} ({_some(self.named[kind])})"
                for kind, share in self.left.items()
            )
            stay = f"; at the base stay {kinds}" if kinds else ""
            lines.append(f"the modules hold {_percent(self.modules)} of ‖ΔW‖²{stay}")
        if self.still:
            told = [
                name if still == number else f"{name} ({still} of {number})"
                for name, (still, number) in self.still.items()
            ]
            lines.append(f"ΔW = 0, where the rest moved: {_some(told)}")
        if self.dtypes:
            lines.append(
                f"the checkpoint is {', '.join(self.dtypes)}, coarser than the base, which was "
                f"rounded first in {self.rounded:.0%} of these tensors; rounding the base is "
                f"{self.floor:.3g} times ‖ΔW‖ of the modules: what is smaller is not resolved"
            )
        if self.apart:
            lines.append(f"not compared, for shape or integers differ: {_some(self.apart)}")
        return lines


def coverage(base: Weights, trained: Weights, modules: Sequence[str]) -> Coverage:
    """The shares of ‖ΔW‖² in the modules and in every other kind of tensor.

    All of both models is read once, a million entries at a time; what was measured is kept.

    Args:
        base: the weights that training started from.
        trained: a checkpoint that fits it.
        modules: the names of the decomposed matrices.
    """
    there = set(trained.names)
    both = [name for name in base.names if name in there]
    plain = [name for name in both if base.dtype(name).is_floating_point]
    like = [name for name in plain if base.shape(name) == trained.shape(name)]
    apart = sorted({*plain} - {*like})
    whole_numbers = [name for name in both if not base.dtype(name).is_floating_point]
    apart += [name for name in whole_numbers if _differ(base, trained, name)]
    moved = _measured(base, trained, [one for name in like for one in _units(name, base)])
    whole = math.fsum(one.square for one in moved.values())
    inside = set(modules)
    left: dict[str, float] = defaultdict(float)
    named: dict[str, list[str]] = defaultdict(list)
    for name, one in moved.items():
        if name in inside or not one.square:
            continue
        kind = exclusion(name, base.shape(name)) or "modules that are left out"
        left[kind] += one.square / whole
        if (pattern := _pattern(name)) not in named[kind]:
            named[kind].append(pattern)
    of_modules = [moved[name] for name in modules if name in moved]
    held = math.fsum(one.square for one in of_modules)
    finer = math.fsum(one.rounding for one in of_modules)
    coarser = [name for name in moved if trained.is_coarser(base, name)]
    return Coverage(
        modules=held / whole if whole else math.nan,
        left=dict(sorted(left.items(), key=lambda item: -item[1])),
        named=dict(named),
        still=_still(moved, inside) if whole else {},
        dtypes=sorted({str(trained.dtype(name)).removeprefix("torch.") for name in coarser}),
        rounded=sum(moved[name].rounded for name in coarser) / max(len(coarser), 1),
        floor=math.sqrt(finer / held) if held else 0.0,
        apart=apart,
    )


def _units(name: str, base: Weights) -> list[str]:
    """A tensor, or the matrices of a stack."""
    return matrices(name, base.shape(name)) or [name]


def _measured(base: Weights, trained: Weights, names: Sequence[str]) -> dict[str, Moved]:
    key = product_key("moved", base=base.digest, trained=trained.digest)
    path = cache_root() / "moved" / f"{key}.json"
    with locked(path):
        if not path.is_file():
            _write(path, base, trained, names)
    return _STORED.validate_json(path.read_bytes())


_STORED = TypeAdapter(dict[str, Moved])


def _write(path: Path, base: Weights, trained: Weights, names: Sequence[str]) -> None:
    work = sum(math.prod(base.shape(name)) for name in names)
    title = f"norms of {trained.folder.name}"
    with progress_bar(title, len(names), "tensor", shown=work > _WORTH_A_BAR) as bar:

        def measure(name: str) -> Moved:
            found = _moved(base, trained, name)
            bar.update()
            return found

        found = dict(zip(names, spread(measure, names), strict=True))
    write_whole(path, _STORED.dump_json(found).decode())


def _moved(base: Weights, trained: Weights, name: str) -> Moved:
    """How far one tensor moved; its squares are summed in float64."""
    square = rounding = 0.0
    shape = base.shape(name)
    coarser = trained.is_coarser(base, name)
    for rows in row_blocks(shape):
        before = shared(base, name, rows)
        out = torch.empty(block_shape(shape, rows))
        square += _square(trained.delta(base, name, rows, before, out))
        if coarser:
            start = before()
            rounding += _square(start - start.to(trained.dtype(name)).float())
    return Moved(square, rounding, trained.starts_rounded(base, name))


def _square(values: torch.Tensor) -> float:
    return float(torch.linalg.vector_norm(values, dtype=torch.float64)) ** 2


def _differ(base: Weights, trained: Weights, name: str) -> bool:
    return not torch.equal(base.tensor(name), trained.tensor(name))


def _still(moved: Mapping[str, Moved], modules: Container[str]) -> dict[str, tuple[int, int]]:
    """The patterns with some ΔW = 0, those of modules first, and how many of how many."""
    number = Counter(map(_pattern, moved))
    names = [name for name, one in moved.items() if not one.square]
    still = Counter(map(_pattern, sorted(names, key=lambda name: (name not in modules, name))))
    return {name: (count, number[name]) for name, count in still.items()}


def _pattern(name: str) -> str:
    """A name with * for the numbers of layers and experts."""
    return re.sub(r"(?<=[.\[])\d+(?=[.\]]|$)", "*", name)


def _some(names: Iterable[str]) -> str:
    known = list(names)
    more = f", and {len(known) - _SHOWN} more kinds" if len(known) > _SHOWN else ""
    return ", ".join(known[:_SHOWN]) + more


def _percent(share: float) -> str:
    """A share that is not all is not printed as all, and one that is not none not as none."""
    if share == 1 or 0.0005 <= share < 0.9995:
        return f"{share:.1%}"
    return f"{share:.2g} of 1" if share < 0.0005 else f"all but {1 - share:.1g}"
