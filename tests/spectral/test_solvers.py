"""Each solver against numpy in float64, the choice between them, and what follows a failure."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.spectral import TOLERANCE, decompose, solvers
from alpharl_bench.spectral.svd import level

# With a noise floor, as updates have: no singular value is small against the first.
ORDER = 300


def update(shape, decay=0.9, floor=0.05, seed=0):
    rng = np.random.default_rng(seed)
    rank = min(shape)
    left, right = (np.linalg.qr(rng.standard_normal((size, rank)))[0] for size in shape)
    sigma = np.maximum(decay ** np.arange(rank), floor)
    return torch.from_numpy((left * sigma) @ right.T / np.linalg.norm(sigma)).float()


@pytest.mark.parametrize("solver", ["leading", "lanczos", "randomized", "gram", "dense"])
@pytest.mark.parametrize("shape", [(ORDER, ORDER), (450, ORDER), (ORDER, 450)])
@pytest.mark.parametrize("rank", [1, 5])
def test_every_solver_finds_the_leading_triplets(solver, shape, rank):
    matrix = update(shape)
    left, sigma, right = getattr(solvers, solver)(matrix, rank)
    u, s, vt = np.linalg.svd(matrix.double().numpy(), full_matrices=False)
    np.testing.assert_allclose(sigma, s[:rank], rtol=1e-4)
    for found, truth in ((left, u), (right, vt.T)):
        cosines = np.abs(np.sum(found.double().numpy() * truth[:, :rank], axis=0))
        assert (cosines > 0.9999).all()


@pytest.mark.parametrize(
    ("shape", "rank", "method"),
    [
        ((40, 60), 1, "leading"),  # small
        ((40, 60), 2, "dense"),
        ((400, 300), 1, "lanczos"),
        ((400, 300), 18, "lanczos"),  # a sixteenth of 300
        ((400, 300), 19, "gram"),
        ((400, 300), 150, "gram"),
        ((400, 300), 151, "dense"),
        ((400, 300), 300, "dense"),
    ],
)
def test_the_solver_follows_from_size_and_rank(shape, rank, method):
    found = decompose(update(shape), rank)
    assert found.method == method
    assert found.residual <= TOLERANCE
    assert found.converged


def residuals(delta, factors):
    """The definition, in float64, over σ₁."""
    matrix = delta.double().numpy()
    left, sigma, right = (
        part.double().numpy() for part in (factors.left, factors.sigma, factors.right)
    )
    after = np.linalg.norm(matrix.T @ left - right * sigma, axis=0)
    before = np.linalg.norm(matrix @ right - left * sigma, axis=0)
    return max(after.max(), before.max()) / sigma[0]


@given(
    st.tuples(st.integers(257, 340), st.integers(257, 340)),
    st.sampled_from([1, 4, 16, 60, 200]),
    st.sampled_from([0.5, 0.9, 0.99, 1.0]),
    st.sampled_from([0.0, 1e-4, 0.05, 0.5]),
    st.sampled_from([1e-30, 1.0, 1e20]),
    st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=15)
def test_the_residual_is_within_the_tolerance_and_is_the_true_one(
    shape, rank, decay, floor, scale, seed
):
    delta = update(shape, decay, floor, seed) * scale
    found = decompose(delta, rank)
    assert found.converged
    assert residuals(delta, found.factors) <= found.residual + 2e-6
    truth = np.linalg.svd(delta.double().numpy(), compute_uv=False)
    np.testing.assert_allclose(found.factors.sigma, truth[:rank], atol=1e-5 * truth[0])
    assert found.norm == pytest.approx(float(np.linalg.norm(delta.double().numpy())), rel=1e-6)


def fails(_matrix, _rank, **_options):
    raise RuntimeError


def test_a_solver_that_gives_up_is_followed_by_the_next(monkeypatch):
    monkeypatch.setattr(solvers, "lanczos", fails)
    assert decompose(update((400, 300)), 2).method == "gram"
    monkeypatch.setattr(solvers, "gram", fails)
    assert decompose(update((400, 300)), 2).method == "dense"
    monkeypatch.setattr(solvers, "dense", fails)
    with pytest.raises(ArithmeticError, match=r"\(400, 300\)"):
        decompose(update((400, 300)), 2)


def test_a_wrong_answer_is_refined(monkeypatch):
    def sloppy(matrix, rank, **_options):
        left, sigma, right = solvers.dense(matrix, rank)
        return left + 1e-3 * torch.randn(left.shape), sigma, right

    monkeypatch.setattr(solvers, "lanczos", sloppy)
    found = decompose(update((400, 300)), 2)
    assert found.method == "gram"
    assert found.converged


def test_vectors_that_are_no_basis_do_not_pass(monkeypatch):
    def doubled(matrix, rank, **_options):
        left, sigma, right = solvers.dense(matrix, 1)
        return left.repeat(1, rank), sigma.repeat(rank), right.repeat(1, rank)

    monkeypatch.setattr(solvers, "lanczos", doubled)
    assert decompose(update((400, 300)), 3).method == "gram"


def test_where_no_solver_is_good_enough_the_best_says_so(monkeypatch):
    def biased(size):
        def solve(matrix, rank, **_options):
            left, sigma, right = torch.linalg.svd(matrix, full_matrices=False)
            return left[:, :rank], sigma[:rank] * (1 + size), right[:rank].T

        return solve

    for name, size in (("lanczos", 1e-2), ("gram", 1e-3), ("dense", 1e-1)):
        monkeypatch.setattr(solvers, name, biased(size))
    found = decompose(update((400, 300)), 2)
    assert found.method == "gram"
    assert not found.converged
    # σ₁(1 + 1e-3) in place of σ₁, over the wrong σ₁.
    assert found.residual == pytest.approx(1e-3 / 1.001, rel=1e-2)


@pytest.mark.parametrize(
    ("rank", "shape", "expected"),
    [
        (1, (4096, 12288), 1),
        (2, (4096, 12288), 16),
        (16, (4096, 12288), 16),
        (41, (4096, 12288), 64),  # 1 %
        (3686, (4096, 12288), 4096),  # 90 %
        (1, (128, 384), 1),
        (2, (128, 384), 128),  # small: one or all
        (300, (1024, 300), 300),
    ],
)
def test_the_stored_size_depends_on_what_is_asked_alone(rank, shape, expected):
    assert level(rank, shape) == expected
