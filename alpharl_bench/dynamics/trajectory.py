"""The Rank-1 update of every module over a run's checkpoints (§3.1, equation 5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from alpharl_bench.progress import progress_bar
from alpharl_bench.spectral import prepare
from alpharl_bench.variants.materialise import UpdateSource

# Below so many matrices a progress bar would only flicker by.
_WORTH_A_BAR = 1000


@dataclass(frozen=True)
class Trajectory:
    """The leading singular triplet of one module's ΔW at T checkpoints; :func:`align` makes it.

    A checkpoint that leaves the module where the base has it has no direction: its ``u``, ``v`` and
    ``sigma`` are 0, and so is its ``alignment``.

    Args:
        module: its name.
        steps: (T,) int64, ascending.
        u: (T, m) float32, unit left vectors u₁ in the output space, signs aligned.
        sigma: (T,) float32, σ₁.
        v: (T, n) float32, unit right vectors v₁ in the input space; σ₁u₁v₁ᵀ does not depend on
            signs, for u and v are flipped together.
        norm: (T,) float64, ‖ΔW‖_F.
        alignment: (T − 1,) float64, |cos| of every u₁ but the last with the one that its sign was
            chosen by, mostly the next. Where it is near 0 the sign is a matter of chance.
    """

    module: str
    steps: np.ndarray
    u: np.ndarray
    sigma: np.ndarray
    v: np.ndarray
    norm: np.ndarray
    alignment: np.ndarray

    @property
    def x(self) -> np.ndarray:
        """(T, m) float32, σ₁u₁: what AlphaRL predicts, without the norm matching (§4.1)."""
        scaled: np.ndarray = self.sigma[:, None] * self.u
        return scaled

    @property
    def unmoved(self) -> tuple[int, ...]:
        """The steps at which ΔW is zero."""
        return tuple(self.steps[self.sigma == 0].tolist())

    def prefix(self, checkpoints: int) -> "Trajectory":
        """The first checkpoints alone, as if there were no later ones: bit for bit, signs too."""
        first = slice(0, checkpoints)
        parts = (self.u, self.sigma, self.v, self.norm)
        return align(self.module, self.steps[first], *(part[first] for part in parts))


def align(
    module: str,
    steps: np.ndarray,
    u: np.ndarray,
    sigma: np.ndarray,
    v: np.ndarray,
    norm: np.ndarray,
) -> Trajectory:
    """Choose the signs of singular vectors, walking from the last checkpoint back.

    The last one gets the sign at which the entry of v with the largest magnitude is positive, as
    the engine gives it. Every earlier u is flipped, and v with it, where its cosine with the next
    checkpoint's u is negative. Checkpoints with an update of zero are walked over. The paper does
    not mention signs; its code walks in the same way, always from the end of the training.

    Args:
        module: its name.
        steps: (T,) the steps.
        u: (T, m) left vectors of any sign; T is at least 1.
        sigma: (T,) singular values.
        v: (T, n) right vectors.
        norm: (T,) ‖ΔW‖_F.
    """
    moved = np.asarray(sigma) > 0
    peaks = np.take_along_axis(v, np.abs(v).argmax(axis=1)[:, None], axis=1)[:, 0]
    # From the engine's signs, whatever was flipped before.
    signs = np.where(peaks < 0, -1.0, 1.0)
    wide = np.asarray(u, dtype=np.float64)
    cosines = np.zeros(len(wide))
    following = None
    for row in reversed(np.flatnonzero(moved)):
        if following is not None:
            cosines[row] = float(wide[row] @ wide[following])
            signs[row] = signs[following] * (-1.0 if cosines[row] < 0 else 1.0)
        following = row
    flips = (signs * moved).astype(np.float32)[:, None]
    return Trajectory(
        module=module,
        steps=np.asarray(steps, dtype=np.int64),
        u=np.asarray(u, dtype=np.float32) * flips,
        sigma=np.asarray(sigma, dtype=np.float32),
        v=np.asarray(v, dtype=np.float32) * flips,
        norm=np.asarray(norm, dtype=np.float64),
        alignment=np.minimum(np.abs(cosines[:-1]), 1.0),
    )


def trajectory(source: UpdateSource, module: str, steps: Sequence[int] | None = None) -> Trajectory:
    """The trajectory of one module.

    Args:
        source: the updates of the run.
        module: its name.
        steps: the steps of the opened checkpoints, ascending; by default all of the run.

    Raises:
        AlphaRLBenchError: the run has no such checkpoint, or one does not fit the base.
    """
    chosen = source.run.steps if steps is None else tuple(steps)
    triplets = [source.factors(step).module(module, 1) for step in chosen]
    factors = [found.factors for found in triplets]
    return align(
        module,
        np.array(chosen),
        np.stack([one.left[:, 0].numpy() for one in factors]),
        np.array([one.sigma[0].item() for one in factors]),
        np.stack([one.right[:, 0].numpy() for one in factors]),
        np.array([found.norm for found in triplets]),
    )


def trajectories(source: UpdateSource, steps: Sequence[int] | None = None) -> Iterator[Trajectory]:
    """The trajectory of every module in turn; what is not yet decomposed is, on all cores.

    Args:
        source: the updates of the run.
        steps: the steps of the opened checkpoints, ascending; by default all of the run.

    Raises:
        AlphaRLBenchError: the run has no such checkpoint, or one does not fit the base.
    """
    chosen = source.run.steps if steps is None else tuple(steps)
    prepare([source.factors(step) for step in chosen], lambda _: 1)
    modules = source.factors(chosen[-1]).modules
    shown = len(modules) * len(chosen) > _WORTH_A_BAR
    with progress_bar("trajectories", len(modules), "module", shown=shown) as bar:
        for module in modules:
            yield trajectory(source, module, chosen)
            bar.update()
