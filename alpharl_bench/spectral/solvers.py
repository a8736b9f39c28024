"""Ways to singular triplets; :mod:`alpharl_bench.spectral.svd` chooses and checks them.

Every solver takes a matrix (m, n), float32, whose squares do not overflow, and returns ``left``
(m, r), ``sigma`` (r,) falling, and ``right`` (n, r), float32 on the matrix's device.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy

from alpharl_bench.lazy import torch

Triplets = tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]
Solver = Callable[["torch.Tensor", int], Triplets]


def lanczos(matrix: torch.Tensor, rank: int, tolerance: float = 5e-6) -> Triplets:
    """A few triplets by ARPACK's restarted Lanczos: products with vectors alone (CPU).

    ``tolerance`` is what remains of σ² at most, ‖ΔWᵀΔWv − σ²v‖ / σ²: in units of σ that is what is
    left of the triplet. ARPACK looks once a restart, and mostly ends below.
    """
    dense = matrix.numpy()
    basis = min(max(2 * rank + 1, _BASIS), *dense.shape)
    # A fixed start vector: the same matrix always gives the same bits.
    start = np.random.default_rng(0).standard_normal(min(dense.shape)).astype(dense.dtype)
    # scipy squares the tolerance before ARPACK sees it.
    left, sigma, right_t = scipy.sparse.linalg.svds(
        dense, k=rank, ncv=basis, v0=start, tol=tolerance**0.5
    )
    order = np.argsort(-sigma)
    left, sigma, right = left[:, order], sigma[order], right_t[order].T
    return torch.from_numpy(left), torch.from_numpy(sigma.copy()), torch.from_numpy(right)


def leading(matrix: torch.Tensor, rank: int) -> Triplets:
    """A few triplets of a small matrix by LAPACK's eigenvectors of chosen eigenvalues (CPU).

    The smaller Gram matrix in float64: of its 16 digits squaring leaves more than float32 has.
    Nothing iterates, so that close singular values cannot be taken for one another.
    """
    precise = matrix.cpu().double()
    wide = precise.shape[0] < precise.shape[1]
    tall = precise.T if wide else precise
    order = tall.shape[1]
    _, vectors = scipy.linalg.eigh(
        (tall.T @ tall).numpy(), subset_by_index=[order - rank, order - 1], check_finite=False
    )
    right = torch.from_numpy(vectors[:, ::-1].copy())
    left = tall @ right
    sigma = torch.linalg.vector_norm(left, dim=0)
    left, sigma, right = (part.float().to(matrix.device) for part in (left / sigma, sigma, right))
    return (right, sigma, left) if wide else (left, sigma, right)


def randomized(matrix: torch.Tensor, rank: int) -> Triplets:
    """A few triplets by subspace iteration on a random sketch: products with blocks (GPU).

    Halko, Martinsson and Tropp, arXiv 0909.4061, algorithms 4.4 and 5.1.
    """
    with torch.random.fork_rng(devices=[matrix.device] if matrix.is_cuda else []):
        torch.manual_seed(0)
        left, sigma, right = torch.svd_lowrank(
            matrix, q=min(2 * rank + _SKETCH, *matrix.shape), niter=_POWERS
        )
    return left[:, :rank], sigma[:rank], right[:, :rank]


def gram(matrix: torch.Tensor, rank: int) -> Triplets:
    """Many triplets by the leading eigenvectors of the smaller of ΔWᵀΔW and ΔWΔWᵀ.

    Squaring halves the digits: singular values below 1e-3 of the largest come out wrong, which the
    caller's check of the residual tells. Updates have a noise floor well above that.
    """
    wide = matrix.shape[0] < matrix.shape[1]
    tall = matrix.T if wide else matrix
    _, vectors = torch.linalg.eigh(tall.T @ tall)
    right = vectors[:, -rank:].flip(1)
    # QR keeps the columns orthonormal where σ is all but zero and ΔW v says nothing.
    left, upper = torch.linalg.qr(tall @ right)
    sigma = upper.diagonal()
    left, sigma = left * torch.where(sigma < 0, -1.0, 1.0), sigma.abs()
    return (right, sigma, left) if wide else (left, sigma, right)


def dense(matrix: torch.Tensor, rank: int) -> Triplets:
    """All triplets by LAPACK or cuSOLVER, in float64 where that costs next to nothing.

    Close singular values turn a rounding error into a large one of their vectors.
    """
    left, sigma, right_t = torch.linalg.svd(as_precise(matrix), full_matrices=False)
    return left[:, :rank].float(), sigma[:rank].float(), right_t[:rank].T.float()


def as_precise(matrix: torch.Tensor) -> torch.Tensor:
    """The matrix in float64, if all its triplets take a core a fifth of a second at most."""
    return matrix.double() if matrix.numel() * min(matrix.shape) <= _CHEAP else matrix


# Lanczos vectors between two looks at a few triplets: scipy's 20 are more than an update needs.
_BASIS = 8
# The sketch is wider than what is wanted, and powers of ΔWΔWᵀ sharpen a slowly falling spectrum.
_SKETCH, _POWERS = 32, 16
# m n min(m, n), to which the work of a dense decomposition is proportional.
_CHEAP = 1 << 26
