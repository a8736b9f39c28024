"""Low-rank updates of one module, kept as factors."""

from __future__ import annotations

from dataclasses import dataclass, replace

from alpharl_bench.lazy import torch


@dataclass(frozen=True)
class LowRank:
    """Σᵢ σᵢ uᵢ vᵢᵀ of one module.

    ``left``: (m, r) unit columns uᵢ in the output space; ``sigma``: (r,); ``right``: (n, r) unit
    columns vᵢ in the input space; all float32.
    """

    left: torch.Tensor
    sigma: torch.Tensor
    right: torch.Tensor

    @property
    def norm(self) -> float:
        """The Frobenius norm; the columns are orthonormal, so it is that of ``sigma``."""
        return float(torch.linalg.vector_norm(self.sigma.double()))

    def dense(self) -> torch.Tensor:
        """(m, n) float32."""
        return (self.left * self.sigma) @ self.right.T

    def leading(self, rank: int) -> LowRank:
        """The first ``rank`` triplets: ΔW_(k), §2.1."""
        return self._columns(slice(0, rank))

    def only(self, index: int) -> LowRank:
        """The triplet at ``index``, counted from 1: one subspace alone (§2.2, Figure 4a)."""
        return self._columns(slice(index - 1, index))

    def scaled(self, alpha: float) -> LowRank:
        """The update times ``alpha`` (§2.2, Figure 4b)."""
        return replace(self, sigma=self.sigma * alpha)

    def _columns(self, columns: slice) -> LowRank:
        return LowRank(self.left[:, columns], self.sigma[columns], self.right[:, columns])


def rescale_to_norm(update: LowRank, norm: float) -> LowRank:
    """The same directions with Frobenius norm ``norm`` (equation 3 of §2.1).

    An update that is zero stays zero: it has no direction to scale.
    """
    if update.norm == 0:
        return update
    return replace(update, sigma=update.sigma * (norm / update.norm))


def random_rank1(shape: tuple[int, int], norm: float, generator: torch.Generator) -> LowRank:
    """A rank-1 update with directions drawn uniformly from the sphere: the control of Property 1.

    Args:
        shape: (m, n).
        norm: the Frobenius norm to match.
        generator: the source of randomness, on the CPU.
    """
    left, right = (torch.randn(size, 1, generator=generator) for size in shape)
    return LowRank(
        left / torch.linalg.vector_norm(left),
        torch.tensor([norm], dtype=torch.float32),
        right / torch.linalg.vector_norm(right),
    )
