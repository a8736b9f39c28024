"""Singular triplets of an update matrix, no more of them than are wanted."""

import numpy as np
import scipy.linalg
import scipy.sparse.linalg
import torch

from alpharl_bench.spectral.lowrank import LowRank

# Lanczos beats the dense decomposition while it looks for a small part of the spectrum.
_LANCZOS_SHARE = 0.1


def leading_triplets(delta: torch.Tensor, rank: int) -> LowRank:
    """The ``rank`` largest singular triplets of ``delta``, by falling singular value.

    Args:
        delta: (m, n) float32.
        rank: from 1 to min(m, n); more is cut to min(m, n).

    Returns:
        ``left`` (m, r) and ``right`` (n, r) with orthonormal columns, ``sigma`` (r,), float32. The
        sign of a pair of vectors is fixed: the largest entry of ``right`` is positive. A zero
        matrix has zero singular values.
    """
    matrix = delta.numpy().astype(np.float64)
    shorter = min(matrix.shape)
    rank = min(rank, shorter)
    if rank <= _LANCZOS_SHARE * shorter and matrix.any():
        # A fixed start vector: the same matrix always gives the same bits.
        start = np.random.default_rng(0).standard_normal(shorter)
        left, sigma, right_t = scipy.sparse.linalg.svds(matrix, k=rank, v0=start)
        order = np.argsort(-sigma)
        left, sigma, right_t = left[:, order], sigma[order], right_t[order]
    else:
        left, sigma, right_t = scipy.linalg.svd(matrix, full_matrices=False)
    left, sigma, right = left[:, :rank], sigma[:rank], right_t[:rank].T
    peak = np.take_along_axis(right, np.abs(right).argmax(axis=0)[None], axis=0)
    sign = np.where(peak < 0, -1.0, 1.0)
    return LowRank(
        *(
            torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32))
            for part in (left * sign, sigma, right * sign)
        )
    )
