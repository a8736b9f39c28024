"""Singular triplets against numpy's dense decomposition and against their definition."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.spectral import decompose, solvers
from alpharl_bench.spectral.svd import _solvers

# What a spectrum may look like: falling, all alike, in clusters, mostly zero, zero.
SPECTRA = {
    "falling": lambda n: 1 / np.arange(1, n + 1),
    "flat": np.ones,
    "clustered": lambda n: np.where(np.arange(n) < 3, 5.0, 1.0),
    "nearly clustered": lambda n: 1 + 1e-6 * np.arange(n)[::-1],
    "rank two": lambda n: np.where(np.arange(n) < 2, 2.0 - np.arange(n), 0.0),
    "steep": lambda n: 10.0 ** -np.arange(n),
    "zero": np.zeros,
}


def matrix(shape: tuple[int, int], spectrum: str, seed: int, scale: float = 1.0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    rank = min(shape)
    left, right = (np.linalg.qr(rng.standard_normal((size, rank)))[0] for size in shape)
    return torch.from_numpy((left * SPECTRA[spectrum](rank) * scale) @ right.T).float()


def check(delta: torch.Tensor, rank: int) -> None:
    """The triplets are the leading ones by definition; truth is in float64."""
    found = decompose(delta, rank).factors
    kept, dense = min(rank, *delta.shape), delta.double().numpy()
    left, sigma, right = (part.double().numpy() for part in (found.left, found.sigma, found.right))
    assert (left.shape, sigma.shape, right.shape) == (
        (delta.shape[0], kept),
        (kept,),
        (delta.shape[1], kept),
    )
    assert {part.dtype for part in (found.left, found.sigma, found.right)} == {torch.float32}
    truth = np.linalg.svd(dense, compute_uv=False)
    close = {"rtol": 0, "atol": 1e-5 * max(float(truth[0]), 1e-30)}
    np.testing.assert_allclose(sigma, truth[:kept], **close)
    assert (np.diff(sigma) <= close["atol"]).all()
    for columns in (left, right):
        np.testing.assert_allclose(columns.T @ columns, np.eye(kept), atol=1e-5)
    np.testing.assert_allclose(dense @ right, left * sigma, **close)
    np.testing.assert_allclose(dense.T @ left, right * sigma, **close)
    # The sign: the largest entry is positive (up to a tie of two entries).
    assert (right.max(axis=0) >= -right.min(axis=0) - 1e-6).all()


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from(sorted(SPECTRA)),
    st.integers(1, 45),
    st.integers(0, 2**32),
    st.sampled_from([1.0, 1e-6, 1e6]),
)
@settings(deadline=None, max_examples=150)
def test_any_shape_spectrum_and_rank(
    shape: tuple[int, int], spectrum: str, rank: int, seed: int, scale: float
) -> None:
    check(matrix(shape, spectrum, seed, scale), rank)


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("shape", [(90, 60), (60, 90), (64, 64)])
@given(rank=st.integers(1, 6), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=8)
def test_a_small_part_of_a_large_spectrum(
    shape: tuple[int, int], spectrum: str, rank: int, seed: int
) -> None:
    check(matrix(shape, spectrum, seed), rank)


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("rank", [1, 4, 60])
def test_the_same_matrix_always_gives_the_same_bits(spectrum: str, rank: int) -> None:
    delta = matrix((70, 60), spectrum, seed=1)
    first, second = (decompose(delta.clone(), rank).factors for _ in range(2))
    for part in ("left", "sigma", "right"):
        assert torch.equal(getattr(first, part), getattr(second, part))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (1, 500)])
def test_one_row_or_column_is_its_own_direction(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    delta = torch.randn(shape)
    found = decompose(delta, 3).factors
    assert found.sigma.shape == (1,)
    torch.testing.assert_close(found.sigma[0], torch.linalg.vector_norm(delta))
    torch.testing.assert_close(found.dense(), delta)


@pytest.mark.parametrize("shape", [(8192, 4), (32, 8192), (20000, 30)])
def test_the_rounding_of_long_sums_is_no_residual(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    # All entries of one size, as after one step of a sign-based optimizer.
    delta = 0.0078 * torch.randint(-1, 2, shape).float()
    assert decompose(delta, min(shape)).residual < 1e-6
    check(delta, min(shape))


@pytest.mark.parametrize("rank", [1, 5])
def test_a_zero_matrix_has_zero_singular_values_and_unit_vectors(rank: int) -> None:
    found = decompose(torch.zeros(60, 50), rank).factors
    assert torch.equal(found.sigma, torch.zeros(rank))
    torch.testing.assert_close(found.left.T @ found.left, torch.eye(rank))


def test_by_hand() -> None:
    # 3 and -4 on the diagonal: u₁ = -e₂ and v₁ = e₂ (the sign makes v positive), u₂ = v₂ = e₁.
    found = decompose(torch.tensor([[3.0, 0.0], [0.0, -4.0]]), 2).factors
    torch.testing.assert_close(found.sigma, torch.tensor([4.0, 3.0]))
    torch.testing.assert_close(found.left, torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    torch.testing.assert_close(found.right, torch.tensor([[0.0, 1.0], [1.0, 0.0]]))


def test_a_full_memory_is_no_failure_to_converge(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def full(matrix: torch.Tensor, rank: int) -> solvers.Triplets:
        tried.append(rank)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(solvers, "lanczos", full)
    with pytest.raises(MemoryError, match=r"\(300, 400\) matrix does not fit: CUDA out of memory"):
        decompose(torch.randn(300, 400), 1)
    assert tried == [1]


class OnAGpu:
    """A matrix of which only place and shape are known."""

    is_cuda, shape = True, (1000, 2000)


@pytest.mark.parametrize(
    ("rank", "expected"),
    [(1, ["randomized", "gram", "dense"]), (16, ["gram", "dense"]), (900, ["dense"])],
)
def test_on_a_gpu_the_randomized_solver_is_for_one_triplet(rank: int, expected: list[str]) -> None:
    assert [name for name, _ in _solvers(OnAGpu(), rank)] == expected  # type: ignore[arg-type]
