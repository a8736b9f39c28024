"""Inner products of whole updates, by their factors, and by files where they have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from alpharl_bench.checkpoints import Weights, shared
from alpharl_bench.checkpoints.blocks import block_shape, row_blocks
from alpharl_bench.lazy import torch
from alpharl_bench.spectral import spread
from alpharl_bench.variants.combined import CombinedWeights, applied
from alpharl_bench.variants.materialise import Change

# Entries of each update that are multiplied in float32 before their sum goes on in float64: as many
# as a core's cache holds.
_COLUMNS = 1 << 14


class Grams:
    """⟨W_s − W_0, W_t − W_0⟩ of the checkpoints of a run, tensor by tensor.

    What was multiplied for some checkpoints serves all choices of them.

    Args:
        base: W_0.
    """

    def __init__(self, base: Weights) -> None:
        self.base = base
        self._known: dict[str, tuple[list[Weights], np.ndarray]] = {}

    def of(self, name: str, models: Sequence[Weights]) -> np.ndarray:
        """(T, T) float64 of T checkpoints in one tensor; read where it is not known."""
        known = self._kept(name, models)
        if known is not None:
            return known
        return self.keep(name, models, delta_products(self.base, models, name, *_none())[0])

    def keep(self, name: str, models: Sequence[Weights], gram: np.ndarray) -> np.ndarray:
        """Remember the (T, T) products in a tensor for :meth:`of`; returns them."""
        if self._kept(name, models) is None:
            self._known[name] = (list(models), gram)
        return gram

    def _kept(self, name: str, models: Sequence[Weights]) -> np.ndarray | None:
        there, gram = self._known.get(name, ([], np.zeros((0, 0))))
        if any(model not in there for model in models):
            return None
        places = [there.index(model) for model in models]
        return gram[np.ix_(places, places)]


def delta_products(
    base: Weights, models: Sequence[Weights], name: str, left: torch.Tensor, right: torch.Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """The inner products of what models change in one tensor, with each other and with factors.

    Args:
        base: the weights that training started from.
        models: T of them.
        name: the name of the tensor, which all of them have.
        left: (m, R), a tensor of m rows taken as a matrix; or (0, 0) for no factors.
        right: (n, R), in n columns.

    Returns:
        (T, T) float64, and (T, R) float64 uᵀΔv for each pair of columns u and v.
    """
    gram = np.zeros((len(models), len(models)))
    cross = torch.zeros(len(models), left.shape[1], dtype=torch.float64)
    if not models:
        return gram, cross.numpy()
    blocks = [(rows, block_shape(base.shape(name), rows)) for rows in row_blocks(base.shape(name))]
    space = torch.empty(len(models), blocks[0][1].numel())
    for rows, shape in blocks:
        before = shared(base, name, rows)
        deltas = space[:, : shape.numel()]
        for model, row in zip(models, deltas, strict=True):
            model.delta(base, name, rows, before, row.view(shape))
        for start in range(0, deltas.shape[1], _COLUMNS):
            part = deltas[:, start : start + _COLUMNS].numpy()
            # Of a matrix with itself numpy makes half the products, and is the faster for that.
            gram += part @ part.T
        if left.shape[1]:
            moved = deltas.view(len(models), -1, right.shape[0]) @ right
            cross += (moved.double() * left[rows or slice(None)]).sum(dim=1)
    return gram, cross.numpy()


def _none() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(0, 0), torch.zeros(0, 0)


def inner_products(changes: Sequence[Change], grams: Grams) -> np.ndarray:
    """⟨W_i − W_0, W_j − W_0⟩ over all tensors, on all cores.

    No update of low rank is made a matrix; and only the checkpoints that something is a combination
    of are read, once, where ``grams`` does not know their products.

    Args:
        changes: P updates or models of one run.
        grams: the Gram matrices of the run's checkpoints, with W_0.

    Returns:
        (P, P) float64. Factors are multiplied in float64, so that the distance of two changes that
        differ in these alone may be taken from it, however small it is.
    """
    base = grams.base
    models = [_combined(applied(change, base), base) for change in changes]
    names = [name for name in base.names if base.dtype(name).is_floating_point]
    products: np.ndarray = sum(
        spread(lambda name: _in_tensor(models, name, grams), names),
        start=np.zeros((len(models), len(models))),
    )
    return products


def _in_tensor(models: Sequence[CombinedWeights], name: str, grams: Grams) -> np.ndarray:
    """The products (P, P) in one tensor."""
    used, counts = _terms(models, name)
    matrices = {matrix for model in models for matrix in model.matrices(name)}
    if len(matrices) > 1:
        # A stack of which some models reach single matrices.
        matrices.discard(name)
    added = {matrix: _added(models, matrix) for matrix in matrices}
    if not any(one.owner.size for one in added.values()):
        return _sandwich(counts, grams.of(name, used))
    gram, products = np.zeros((len(used), len(used))), np.zeros((len(models), len(models)))
    for matrix, (left, right, owner) in sorted(added.items()):
        part, cross = delta_products(grams.base, used, matrix, left, right)
        gram += part
        mixed = counts @ cross @ owner.T
        own = (left.T @ left) * (right.double().T @ right.double())
        products += mixed + mixed.T + _sandwich(owner, own.numpy())
    products += _sandwich(counts, grams.keep(name, used, gram))
    return products


def _sandwich(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    product: np.ndarray = outer @ inner @ outer.T
    return product


def _terms(models: Sequence[CombinedWeights], name: str) -> tuple[list[Weights], np.ndarray]:
    """The T checkpoints that count in a tensor, told apart by their folders, and what each counts.

    The second is (P, T).
    """
    counted = [
        {term.folder: (term, factor) for term, factor in model.counted(name)} for model in models
    ]
    pool = {folder: term for terms in counted for folder, (term, _) in terms.items()}
    counts = [[terms.get(folder, (None, 0.0))[1] for folder in pool] for terms in counted]
    return list(pool.values()), np.array(counts, dtype=np.float64).reshape(len(counts), len(pool))


class _Added(NamedTuple):
    """What models add to a matrix beside checkpoints: pairs of columns, and who counts which.

    ``left`` is (m, R) float64, ``right`` (n, R) float32, ``owner`` (P, R) with singular values.
    """

    left: torch.Tensor
    right: torch.Tensor
    owner: np.ndarray


def _added(models: Sequence[CombinedWeights], matrix: str) -> _Added:
    parts = [(i, factors) for i, model in enumerate(models) for factors in model.added(matrix)]
    if not parts:
        return _Added(*_none(), np.zeros((len(models), 0)))
    owner = np.zeros((len(models), sum(factors.sigma.numel() for _, factors in parts)))
    start = 0
    for i, factors in parts:
        end = start + factors.sigma.numel()
        owner[i, start:end] = factors.sigma.double().numpy()
        start = end
    return _Added(
        torch.cat([factors.left for _, factors in parts], dim=1).double(),
        torch.cat([factors.right for _, factors in parts], dim=1),
        owner,
    )


def _combined(model: Weights, base: Weights) -> CombinedWeights:
    if isinstance(model, CombinedWeights):
        return model
    return CombinedWeights(base, (model,), lambda _: (1.0,))
