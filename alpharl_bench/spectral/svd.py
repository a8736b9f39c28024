"""Singular triplets of an update matrix, no more of them than are wanted, and how good they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from alpharl_bench.lazy import torch
from alpharl_bench.spectral import solvers
from alpharl_bench.spectral.lowrank import LowRank

#: The largest residual ‖ΔWᵀu − σv‖ or ‖ΔWv − σu‖ that is accepted, in units of σ₁.
TOLERANCE = 1e-5
# Up to this order the dense decomposition is done in milliseconds, a triplet in less than one.
_SMALL = 256
# Lanczos is the fastest up to this part of a spectrum, the Gram matrix up to this one.
_FEW, _HALF = 1 / 16, 1 / 2
# Ranks are decomposed and kept at these sizes: what is asked for decides them, not what was asked
# before, so that the same question has the same bits in every session.
_LEVELS = (1, 16, 64, 256, 1024, 4096)


@dataclass(frozen=True)
class Decomposition:
    """The leading singular triplets of one update matrix.

    ``norm`` is ‖ΔW‖_F of the whole matrix, ``residual`` the largest ‖ΔWᵀu − σv‖ or ‖ΔWv − σu‖ of a
    triplet over σ₁, or a tenth of the largest entry of UᵀU − I or VᵀV − I if that is more (0 for a
    zero matrix), ``method`` the solver that found them.
    """

    factors: LowRank
    norm: float
    residual: float
    method: str

    @property
    def converged(self) -> bool:
        """Whether the residual is within the tolerance; if not, no solver did better."""
        return self.residual <= TOLERANCE


def level(rank: int, shape: tuple[int, int]) -> int:
    """How many triplets are computed where ``rank`` are wanted: the next size up, or all.

    Of a small matrix one or all.
    """
    shorter = min(shape)
    if shorter <= _SMALL:
        return 1 if rank <= 1 else shorter
    return min(next((size for size in _LEVELS if size >= rank), shorter), shorter)


def decompose(delta: torch.Tensor, rank: int) -> Decomposition:
    """The ``rank`` largest singular triplets of ``delta``, by falling singular value.

    The solver follows from size and rank; where it leaves more than the tolerance, the next more
    thorough one takes over.

    Args:
        delta: (m, n) float32, on the device that is to do the work.
        rank: the rank, from 1; larger values are cut to min(m, n).

    Returns:
        ``left`` (m, r) and ``right`` (n, r) with orthonormal columns, ``sigma`` (r,), float32 on
        the CPU. The sign of a pair of vectors is fixed: the entry of ``right`` with the largest
        magnitude is positive. A zero matrix has zero singular values.

    Raises:
        ArithmeticError: no solver converged.
        MemoryError: the device has too little memory.
    """
    rank = min(rank, *delta.shape)
    norm = _norm(delta)
    if norm == 0:
        left, right = (torch.eye(size, rank) for size in delta.shape)
        return Decomposition(LowRank(left, torch.zeros(rank), right), 0.0, 0.0, "zero")
    # Squares of extreme values over- or underflow; a copy of any other matrix would be for nothing.
    scale = 1.0 if _plain(norm) else norm
    matrix = delta if scale == 1 else delta / scale
    best: Decomposition | None = None
    for method, solver in _solvers(delta, rank):
        try:
            found = _checked(matrix, solver(matrix, rank), norm, scale, method)
        except torch.OutOfMemoryError as error:
            # torch counts it among the errors of solvers; the next one would take as much.
            raise MemoryError(f"a {tuple(delta.shape)} matrix does not fit: {error}") from error
        except (RuntimeError, ArithmeticError, ValueError):
            # A solver gave up (ARPACK out of iterations, cuSOLVER not converged): try the next.
            continue
        if best is None or found.residual < best.residual:
            best = found
        if best.converged:
            break
    if best is None:
        raise ArithmeticError(f"no decomposition of a {tuple(delta.shape)} matrix converged")
    return best


def singular_values(delta: torch.Tensor) -> torch.Tensor:
    """All singular values of ``delta`` by LAPACK or cuSOLVER, without vectors.

    The work grows as min(m, n)² max(m, n); 22 s of one core for 12,288 × 4,096.

    Args:
        delta: (m, n) float32, on the device that is to do the work.

    Returns:
        (min(m, n),) float32 on the CPU, falling. Those below about 1e-6 σ₁ are rounding.
    """
    values: torch.Tensor = torch.linalg.svdvals(delta)
    return values.cpu()


def _norm(delta: torch.Tensor) -> float:
    """‖ΔW‖_F: rows in float32, their sum in float64; far faster than float64 all through."""
    rows = torch.linalg.vector_norm(delta, dim=1).double()
    norm = float(torch.linalg.vector_norm(rows))
    return norm if _plain(norm) else float(torch.linalg.vector_norm(delta, dtype=torch.float64))


def _plain(norm: float) -> bool:
    """Whether float32 can square the entries of a matrix of this norm."""
    return 1e-6 <= norm <= 1e6


def _solvers(delta: torch.Tensor, rank: int) -> Iterator[tuple[str, solvers.Solver]]:
    shorter = min(delta.shape)
    if shorter <= _SMALL and rank == 1:
        yield "leading", solvers.leading
    if shorter > _SMALL and rank <= _FEW * shorter:
        # Over the bulk of an update's noise the randomized solver finds one triplet, and no more.
        if delta.is_cuda and rank == 1:
            yield "randomized", solvers.randomized
        elif not delta.is_cuda:
            yield "lanczos", solvers.lanczos
            yield "lanczos", partial(solvers.lanczos, tolerance=TOLERANCE / 100)
    if shorter > _SMALL and rank <= _HALF * shorter:
        yield "gram", solvers.gram
    yield "dense", solvers.dense


def _checked(
    matrix: torch.Tensor, triplets: solvers.Triplets, norm: float, scale: float, method: str
) -> Decomposition:
    left, sigma, right = triplets
    peak = right.gather(0, right.abs().argmax(dim=0, keepdim=True))
    sign = torch.where(peak < 0, -1.0, 1.0)
    left, right = left * sign, right * sign
    # Sums over thousands of rows in float32 would say more of the check than of the triplets.
    exact = solvers.as_precise(matrix)
    u, s, v = (part.to(exact.dtype) for part in (left, sigma, right))
    columns = torch.eye(s.shape[0], device=s.device, dtype=s.dtype)
    errors = (
        torch.linalg.vector_norm(exact.T @ u - v * s, dim=0) / s[0],
        torch.linalg.vector_norm(exact @ v - u * s, dim=0) / s[0],
        # Columns that are no basis are as wrong as those that are no singular vectors.
        (u.T @ u - columns).abs() / _SLACK,
        (v.T @ v - columns).abs() / _SLACK,
    )
    residual = max(float(error.max()) for error in errors)
    factors = LowRank(*(part.contiguous().cpu() for part in (left, sigma * scale, right)))
    return Decomposition(factors, norm, residual if math.isfinite(residual) else math.inf, method)


# Orthonormal to float32's precision, which grows with the number of columns.
_SLACK = 10.0
