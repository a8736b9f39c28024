"""Two clusters stay two, a seed fixes the picture, and few checkpoints are enough."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from alpharl_bench.dynamics import Trajectory, align
from alpharl_bench.dynamics.embedding import embed, pictures
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


def path_of(x: np.ndarray) -> Trajectory:
    sigma = np.linalg.norm(x, axis=1)
    u = np.divide(x, sigma[:, None], out=np.zeros(x.shape), where=sigma[:, None] > 0)
    return align("up", np.arange(len(x)), u, sigma, np.ones((len(x), 1)), sigma)


def test_a_path_is_drawn_beside_walks_of_its_own() -> None:
    x = 3 + np.random.default_rng(0).standard_normal((10, 40)).cumsum(axis=0)
    x[4] = 0
    path = path_of(x)
    drawn = pictures(path, np.random.default_rng(1))
    assert list(drawn) == ["u₁", "u₁: random walk", "σ₁u₁", "σ₁u₁: random walk"]
    moved = np.arange(10) != 4
    for places in map(np.array, drawn.values()):
        assert np.isnan(places[4]).all()
        assert np.isfinite(places[moved]).all()
    for name, vectors in (("u₁", path.u), ("σ₁u₁", path.x)):
        np.testing.assert_allclose(np.array(drawn[name])[moved], embed(vectors[moved]), atol=0.006)
    assert pictures(path, np.random.default_rng(1))["u₁"][0] == drawn["u₁"][0]
    assert pictures(path, np.random.default_rng(2))["u₁: random walk"] != drawn["u₁: random walk"]


def test_modules_that_stand_still_are_not_drawn() -> None:
    rng = np.random.default_rng(0)
    assert pictures(path_of(np.ones((8, 5))), rng) == {}
    assert pictures(path_of(np.outer([0, 0, 0, 0, 0, 1, 2, 3], np.ones(5))), rng) == {}
    # In one direction on: u₁ has one place, σ₁u₁ a line.
    drawn = pictures(path_of(np.outer([1.0, 2, 4, 8, 16], [3.0, 4.0])), rng)
    assert set(drawn["u₁"]) == {(0.0, 0.0)}
    assert len(set(drawn["σ₁u₁"])) == 5
