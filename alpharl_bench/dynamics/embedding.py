"""A trajectory in two dimensions, as the paper draws it (Figure 6a, Appendix E)."""

import numpy as np

from alpharl_bench.dynamics.nulls import random_walk
from alpharl_bench.dynamics.trajectory import Trajectory
from alpharl_bench.errors import AlphaRLBenchError

#: A place for every checkpoint; NaN for one that left the module unmoved.
Picture = tuple[tuple[float, float], ...]

_COMPONENTS = 50
#: scikit-learn's default; a trajectory has too few checkpoints for it.
_PERPLEXITY = 30.0
_LEAST = 4


def pictures(path: Trajectory, rng: np.random.Generator) -> dict[str, Picture]:
    """Embed u₁ and σ₁u₁ of a module, and of each a random walk with steps as long.

    Args:
        path: its trajectory.
        rng: draws the walks.

    Returns:
        ``u₁``, ``u₁: random walk``, ``σ₁u₁``, ``σ₁u₁: random walk``; nothing of a module that is at
        fewer than four places.
    """
    moved = path.sigma > 0
    if moved.sum() < _LEAST or (path.x[moved] == path.x[moved][0]).all():
        return {}
    drawn: dict[str, np.ndarray] = {}
    for name, vectors in (("u₁", path.u[moved]), ("σ₁u₁", path.x[moved])):
        drawn[name] = vectors
        drawn[f"{name}: random walk"] = random_walk(vectors, path.steps, rng)[0]
    found = {}
    for name, vectors in drawn.items():
        placed = np.full((len(moved), 2), np.nan)
        still = (vectors == vectors[0]).all()
        placed[moved] = 0.0 if still else embed(vectors)
        found[name] = tuple((round(float(x), 2), round(float(y), 2)) for x, y in placed)
    return found


def embed(vectors: np.ndarray, seed: int = 0) -> np.ndarray:
    """PCA to 50 components, then t-SNE to two.

    T checkpoints span at most T − 1 components, and t-SNE asks for more neighbours than its
    perplexity: both are cut to what there is. The perplexity is (T − 1)/3, at most 30; the paper
    does not say its own. t-SNE draws a smooth curve through any path whose neighbours in time are
    neighbours in space, a random walk's too.

    Args:
        vectors: (T, m), as u₁.
        seed: fixes the result.

    Returns:
        (T, 2) float32; the axes have no unit.

    Raises:
        AlphaRLBenchError: fewer than four checkpoints, or they are all at the same place.
    """
    total = len(vectors)
    if total < _LEAST:
        raise AlphaRLBenchError(f"{total} checkpoints: an embedding needs at least {_LEAST}")
    wide = np.asarray(vectors, dtype=np.float64)
    if (wide == wide[0]).all():
        raise AlphaRLBenchError(
            f"all {total} checkpoints have the same vector: there is no trajectory to draw"
        )
    components = min(_COMPONENTS, total - 1, wide.shape[1])
    # Imported here: it takes a second to load, and only pictures need it.
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.manifold import TSNE  # noqa: PLC0415

    reduced = PCA(components, svd_solver="full", random_state=seed).fit_transform(wide)
    projection = TSNE(
        2,
        perplexity=min(_PERPLEXITY, (total - 1) / 3),
        init="pca",
        # Barnes and Hut's approximation is for thousands of points.
        method="exact",
        random_state=seed,
    )
    placed: np.ndarray = projection.fit_transform(reduced)
    return placed
