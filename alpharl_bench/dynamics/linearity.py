"""What others call linear: different things, each under the name of its source.

AlphaRL regresses accuracy on u₁ (:mod:`alpharl_bench.dynamics.pls`). RELEX projects a module's
whole ΔW on one direction of the weight space and regresses that on the step. RLVR-Linearity
regresses every single weight on the step. NExt looks at how far u₁ and v₁ turn between
checkpoints, and finds them not linear.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from alpharl_bench.dynamics.nulls import step_lengths, walk, walk_gram
from alpharl_bench.lazy import torch
from alpharl_bench.progress import progress_bar
from alpharl_bench.variants.materialise import UpdateSource

#: The R² from which RLVR-Linearity calls a weight linear.
LINEAR = 0.7
#: RLVR-Linearity's selection: so many different values, and a change greater than this.
_DISTINCT, _CHANGE = 4, 1e-4
_BINS = 1000
# So many weights of a model are looked at one by one; its authors take a thousandth of them.
_SAMPLE = 1 << 24
# Weights of a module that are in memory at once, at every checkpoint.
_BLOCK = 1 << 18
# Weights of the random walk that stand for a module's.
_WALKERS = 1 << 14


@dataclass(frozen=True)
class Projection:
    """A path seen along its leading direction.

    ``r_squared`` of the coefficient against the step; ``share`` of the path's sum of squares that
    lies along the direction. Both are NaN for a path that does not leave 0.
    """

    r_squared: float
    share: float


@dataclass(frozen=True)
class WeightLinearity:
    """How linear single weights are in the step.

    ``counts`` (1000,) int64 is the histogram of R² from 0 to 1, of weights that moved; ``unmoved``
    weights have none. Sums of modules are those of the model.
    """

    counts: np.ndarray
    unmoved: int = 0

    def __add__(self, other: WeightLinearity) -> WeightLinearity:
        """Of the weights of both."""
        return WeightLinearity(self.counts + other.counts, self.unmoved + other.unmoved)

    @property
    def moved(self) -> int:
        """How many weights have an R²."""
        return int(self.counts.sum())

    @property
    def median(self) -> float:
        """The median R² of the weights that moved, to a thousandth; NaN if none did."""
        if not self.moved:
            return float("nan")
        rank = int(np.searchsorted(np.cumsum(self.counts), self.moved / 2))
        return (rank + 0.5) / _BINS

    @property
    def mean(self) -> float:
        """The mean R² of the weights that moved, to half a thousandth; NaN if none did."""
        if not self.moved:
            return float("nan")
        return float(self.counts @ (np.arange(_BINS) + 0.5) / _BINS / self.moved)

    @property
    def linear(self) -> float:
        """The share with R² of at least :data:`LINEAR`, of the weights that moved; NaN if none."""
        if not self.moved:
            return float("nan")
        return float(self.counts[round(LINEAR * _BINS) :].sum() / self.moved)


@dataclass(frozen=True)
class ModuleLinearity:
    """The linearity of one module's weights.

    Args:
        module: its name.
        relex: RELEX's projection of ΔW (2605.21468, rank 1): on the leading temporal direction,
            neither centred nor scaled, without the base.
        relex_walk: the same of a random walk with steps as long, the null.
        weights: RLVR-Linearity's R² (2601.04537) of every weight, base and checkpoints.
        selected: the same of those weights alone that its authors' code selects: at least 4
            different values and a change of more than 1e-4.
        weights_walk: the R² of every weight of a random walk with steps as long, the null.
    """

    module: str
    relex: Projection
    relex_walk: Projection
    weights: WeightLinearity
    selected: WeightLinearity
    weights_walk: WeightLinearity


def linearities(
    source: UpdateSource, steps: Sequence[int] | None = None
) -> Iterator[ModuleLinearity]:
    """The linearity of every module in turn; reads every weight of every checkpoint.

    Args:
        source: the updates of the run.
        steps: the steps of the opened checkpoints, ascending; by default all of the run.

    Raises:
        AlphaRLBenchError: the run has no such checkpoint, or one does not fit the base.
    """
    chosen = np.array(source.run.steps if steps is None else tuple(steps))
    opened = [source.factors(int(step)) for step in chosen]
    # Asking each for its modules compares it with the base; they are the same of all.
    modules = [checkpoint.modules for checkpoint in opened][-1]
    total = sum(math.prod(source.base.shape(module)) for module in modules)
    share = min(1.0, _SAMPLE / total)
    with progress_bar("linearity", len(modules), "module", shown=total > _SAMPLE) as bar:
        for module in modules:
            before = source.base.tensor(module)
            after = [checkpoint.trained.tensor(module) for checkpoint in opened]
            yield module_linearity(module, before, after, chosen, share)
            bar.update()


def module_linearity(
    module: str,
    before: torch.Tensor,
    after: Sequence[torch.Tensor],
    steps: np.ndarray,
    share: float = 1.0,
) -> ModuleLinearity:
    """The linearity of one module.

    Args:
        module: its name.
        before: (m, n) its weights in the base, of any dtype.
        after: T times (m, n), at every checkpoint.
        steps: (T,) the steps.
        share: the share of weights that are measured one by one, drawn with replacement below 1.
    """
    gram = _gram(before, after)
    lengths = step_lengths(gram)
    values = _values([before, *after], share)
    times = np.concatenate([[0], steps])
    found = weight_r_squared(values, times)
    walkers = walk(lengths, _WALKERS, np.random.default_rng(0))
    walked = weight_r_squared(np.vstack([np.zeros(_WALKERS), walkers]), times)
    return ModuleLinearity(
        module=module,
        relex=projection(gram, steps),
        relex_walk=projection(walk_gram(lengths), steps),
        weights=_histogram(found),
        selected=_histogram(found[selected(values)]),
        weights_walk=_histogram(walked),
    )


def projection(gram: np.ndarray, steps: np.ndarray) -> Projection:
    """The R² against the step of a path's coefficient on its leading direction.

    With M = Σ sᵢpᵢqᵢᵀ the stacked path, the coefficient is Mq₁ = s₁p₁: from the Gram matrix MMᵀ
    alone, however many weights there are.

    Args:
        gram: (T, T) inner products of the places on the path.
        steps: (T,) when they were reached; T is at least 2.
    """
    values, vectors = np.linalg.eigh(gram)
    if values[-1] <= 0:
        return Projection(float("nan"), float("nan"))
    coefficient = np.sqrt(values[-1]) * vectors[:, -1]
    found = weight_r_squared(coefficient[:, None], steps).item()
    return Projection(found, float(values[-1] / np.trace(gram)))


def smoothness(vectors: np.ndarray, steps: np.ndarray) -> Projection:
    """How much of a path of vectors is a line in time: its first principal component (Figure 6a).

    A random walk in many dimensions has an R² of 96/π⁴ = 0.986 and a share of 6/π² = 0.61
    (Antognini and Sohl-Dickstein, arXiv 1806.08805): smooth is what any path is.

    Args:
        vectors: (T, m), as u₁; centred here.
        steps: (T,).
    """
    wide = np.asarray(vectors, dtype=np.float64)
    centred = wide - wide.mean(axis=0)
    return projection(centred @ centred.T, steps)


def rotation(vectors: np.ndarray) -> np.ndarray:
    """By how many degrees a direction turns from each checkpoint to the next (2604.11446).

    Args:
        vectors: (T, m) unit vectors with aligned signs, as u₁ or v₁.

    Returns:
        (T − 1,) from 0 to 180; NaN beside a vector of zeros, which has no direction.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    # The arc cosine of a number near 1 would lose half of float32's digits.
    chord = np.linalg.norm(np.diff(wide, axis=0), axis=1)
    degrees = np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1)))
    still: np.ndarray = np.linalg.norm(wide, axis=1) == 0
    return np.where(still[1:] | still[:-1], np.nan, degrees)


def weight_r_squared(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """R² of the line in the step, of every column.

    Args:
        values: (T, k).
        steps: (T,) at least two different ones.

    Returns:
        (k,) float64, NaN for a column that is the same at every step.
    """
    values = np.asarray(values, dtype=np.float64)
    time = np.asarray(steps, dtype=np.float64)
    time = (time - time.mean()) / np.linalg.norm(time - time.mean())
    centred = values - values.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (time @ centred) ** 2 / np.einsum("ij,ij->j", centred, centred)
    return np.where(_change(values) == 0, np.nan, np.minimum(found, 1.0))


def selected(values: np.ndarray) -> np.ndarray:
    """Whether RLVR-Linearity's code would look at a column (T, k): (k,) bool."""
    distinct = 1 + (np.diff(np.sort(values.T), axis=1) != 0).sum(axis=1)
    chosen: np.ndarray = (distinct >= _DISTINCT) & (_change(values) > _CHANGE)
    return chosen


def _change(values: np.ndarray) -> np.ndarray:
    """(k,) the largest less the smallest value of every column."""
    change: np.ndarray = values.max(axis=0) - values.min(axis=0)
    return change


def _gram(before: torch.Tensor, after: Sequence[torch.Tensor]) -> np.ndarray:
    """(T, T) inner products of the updates, some rows of the matrix at a time."""
    products = np.zeros((len(after), len(after)))
    height = max(1, _BLOCK // before.shape[1])
    for start in range(0, len(before), height):
        rows = slice(start, start + height)
        # Cast to float32 first, as everywhere: bfloat16 would round small updates away.
        base = before[rows].float()
        block = np.stack([(one[rows].float() - base).flatten().numpy() for one in after])
        wide = block.astype(np.float64)
        products += wide @ wide.T
    return products


def _values(tensors: Sequence[torch.Tensor], share: float) -> np.ndarray:
    """(T + 1, k) float32, the same weights of every tensor."""
    flat = [tensor.flatten() for tensor in tensors]
    if share == 1:
        return torch.stack([one.float() for one in flat]).numpy()
    size = flat[0].numel()
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randint(size, (max(1, round(share * size)),), generator=generator)
    return torch.stack([one[chosen].float() for one in flat]).numpy()


def _histogram(found: np.ndarray) -> WeightLinearity:
    moved = np.isfinite(found)
    counts = np.histogram(found[moved], bins=_BINS, range=(0, 1))[0]
    return WeightLinearity(counts, int((~moved).sum()))
