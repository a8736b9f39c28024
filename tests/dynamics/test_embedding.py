"""Two clusters stay two, a seed fixes the picture, and few checkpoints are enough."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from alpharl_bench.dynamics.embedding import embed
from alpharl_bench.errors import AlphaRLBenchError


def test_two_places_stay_apart() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((2, 1, 200)) * 5 + rng.standard_normal((2, 12, 200)) * 0.1
    placed = embed(vectors.reshape(24, 200))
    assert placed.shape == (24, 2)
    assert np.isfinite(placed).all()
    centres = placed.reshape(2, 12, 2).mean(axis=1)
    within = np.linalg.norm(placed.reshape(2, 12, 2) - centres[:, None], axis=2).max()
    assert np.linalg.norm(centres[0] - centres[1]) > 2 * within


def test_neighbours_in_time_stay_neighbours() -> None:
    path = np.random.default_rng(1).standard_normal((27, 500)).cumsum(axis=0)
    assert trustworthiness(path, embed(path), n_neighbors=3) > 0.9


def test_a_seed_fixes_the_picture() -> None:
    path = np.random.default_rng(2).standard_normal((9, 50)).cumsum(axis=0)
    np.testing.assert_array_equal(embed(path, seed=3), embed(path, seed=3))


@pytest.mark.parametrize("shape", [(4, 3), (4, 200), (60, 2)])
def test_few_checkpoints_or_dimensions(shape: tuple[int, int]) -> None:
    placed = embed(np.random.default_rng(0).standard_normal(shape).cumsum(axis=0))
    assert placed.shape == (shape[0], 2)
    assert np.isfinite(placed).all()


def test_nothing_to_draw() -> None:
    with pytest.raises(AlphaRLBenchError, match="3 checkpoints"):
        embed(np.eye(3))
    with pytest.raises(AlphaRLBenchError, match="all 5 checkpoints have the same vector"):
        embed(np.ones((5, 4)))
