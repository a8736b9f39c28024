"""Low-rank updates: worked by hand on a diagonal matrix, and by property."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.spectral import LowRank, decompose, random_rank1, rescale_to_norm

SHAPES = st.tuples(st.integers(1, 20), st.integers(1, 20))


@pytest.fixture
def diagonal() -> LowRank:
    """diag(12, 4, 3): its norm is √(144 + 16 + 9) = 13."""
    return LowRank(torch.eye(3), torch.tensor([12.0, 4.0, 3.0]), torch.eye(3))


def diag(*values: float) -> torch.Tensor:
    return torch.diag(torch.tensor(values, dtype=torch.float32))


def test_by_hand(diagonal: LowRank) -> None:
    assert diagonal.norm == 13
    assert torch.equal(diagonal.dense(), diag(12, 4, 3))
    assert torch.equal(diagonal.leading(1).dense(), diag(12, 0, 0))
    assert torch.equal(diagonal.leading(2).dense(), diag(12, 4, 0))
    assert torch.equal(diagonal.leading(9).dense(), diag(12, 4, 3))
    assert torch.equal(diagonal.only(1).dense(), diag(12, 0, 0))
    assert torch.equal(diagonal.only(3).dense(), diag(0, 0, 3))
    assert torch.equal(diagonal.scaled(0.5).dense(), diag(6, 2, 1.5))
    assert torch.equal(diagonal.scaled(0).dense(), torch.zeros(3, 3))


def test_rescaled_by_hand(diagonal: LowRank) -> None:
    # 4 and 3 have norm 5; for norm 13 both grow by 13/5, to 10.4 and 7.8.
    tail = LowRank(torch.eye(3)[:, 1:], torch.tensor([4.0, 3.0]), torch.eye(3)[:, 1:])
    torch.testing.assert_close(rescale_to_norm(tail, 13).dense(), diag(0, 10.4, 7.8))
    torch.testing.assert_close(rescale_to_norm(diagonal.leading(1), 13).dense(), diag(13, 0, 0))


@given(SHAPES, st.integers(1, 6), st.floats(1e-4, 1e4), st.integers(0, 2**32))
@settings(deadline=None)
def test_rescaling_keeps_the_direction_and_gives_the_norm(
    shape: tuple[int, int], rank: int, norm: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    delta = rng.standard_normal(shape).astype(np.float32)
    before = decompose(torch.from_numpy(delta), rank).factors.dense().numpy()
    after = rescale_to_norm(decompose(torch.from_numpy(delta), rank).factors, norm).dense().numpy()
    np.testing.assert_allclose(np.linalg.norm(after), norm, rtol=1e-5)
    cosine = (before * after).sum() / np.linalg.norm(before) / np.linalg.norm(after)
    assert cosine > 1 - 1e-5


@pytest.mark.parametrize("norm", [0.0, 2.0])
def test_zero_stays_zero(norm: float) -> None:
    zero = rescale_to_norm(decompose(torch.zeros(4, 3), 2).factors, norm)
    assert torch.equal(zero.dense(), torch.zeros(4, 3))


@given(SHAPES, st.just(0.0) | st.floats(1e-6, 1e4), st.integers(0, 2**32))
@settings(deadline=None)
def test_a_random_update_has_rank_1_and_the_norm(
    shape: tuple[int, int], norm: float, seed: int
) -> None:
    update = random_rank1(shape, norm, torch.Generator().manual_seed(seed))
    sigma = np.linalg.svd(update.dense().double().numpy(), compute_uv=False)
    np.testing.assert_allclose(sigma[0], norm, rtol=1e-5)
    np.testing.assert_allclose(sigma[1:], 0, atol=1e-5 * norm)
    assert update.dense().shape == shape
    np.testing.assert_allclose(update.norm, norm, rtol=1e-6)


def test_random_directions_are_uniform_on_the_sphere() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([random_rank1((4, 5), 1, generator).left[:, 0] for _ in range(2000)])
    # Each coordinate has mean 0 and variance 1/4; 2000 draws have standard error 0.011.
    assert draws.mean(dim=0).abs().max() < 4 * 0.011
    # The covariance is I/4; its entries have a standard error below 0.006.
    torch.testing.assert_close(draws.T @ draws / 2000, torch.eye(4) / 4, atol=0.024, rtol=0)
