"""Inner products of whole updates, in one pass over the files that they are made from."""

from collections.abc import Sequence

import numpy as np
import torch

from alpharl_bench.checkpoints import Weights, shared
from alpharl_bench.variants.combined import CombinedWeights, applied, row_blocks
from alpharl_bench.variants.materialise import Change


def delta_gram(base: Weights, models: Sequence[Weights], name: str) -> np.ndarray:
    """The inner products of what each model changes in one tensor of the base.

    Args:
        base: the weights that training started from.
        models: T of them.
        name: of the tensor, which all of them have.

    Returns:
        (T, T) float64.
    """
    gram = np.zeros((len(models), len(models)))
    for rows in row_blocks(base.shape(name)):
        before = shared(base, name, rows)
        deltas = torch.stack([model.delta(base, name, rows, before).flatten() for model in models])
        gram += (deltas @ deltas.T).double().numpy()
    return gram


def inner_products(changes: Sequence[Change], base: Weights) -> np.ndarray:
    """⟨W_i − W_0, W_j − W_0⟩ over all tensors.

    The checkpoints that combinations share are read once, told apart by their folders.

    Args:
        changes: P updates or models of one run.
        base: W_0.

    Returns:
        (P, P) float64.
    """
    models = [_combined(applied(change, base), base) for change in changes]
    pool = {term.folder: term for model in models for term in model.terms}
    places = {folder: place for place, folder in enumerate(pool)}
    gram = np.zeros((len(models), len(models)))
    for name in base.names:
        if not base.dtype(name).is_floating_point:
            continue
        factors = torch.zeros(len(models), len(pool))
        for i, model in enumerate(models):
            for term, factor in model.counted(name):
                factors[i, places[term.folder]] = factor
        used = [term for term, column in zip(pool.values(), factors.T, strict=True) if column.any()]
        factors = factors[:, factors.any(dim=0)]
        for rows in row_blocks(base.shape(name)):
            before = shared(base, name, rows)
            shape = torch.empty(base.shape(name), device="meta")[rows or ...].shape
            deltas = torch.zeros(len(used), shape.numel())
            for row, term in zip(deltas, used, strict=True):
                row.copy_(term.delta(base, name, rows, before).flatten())
            sums = (factors @ deltas).reshape(len(models), *shape)
            for model, total in zip(models, sums, strict=True):
                model.with_the_rest(name, total, rows)
            flat = sums.flatten(1)
            gram += (flat @ flat.T).double().numpy()
    return gram


def _combined(model: Weights, base: Weights) -> CombinedWeights:
    if isinstance(model, CombinedWeights):
        return model
    return CombinedWeights(base, (model,), lambda _: (1.0,))
