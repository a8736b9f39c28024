"""AlphaRL: the Rank-1 update that belongs to an accuracy (§4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from alpharl_bench.dynamics import PLS, Trajectory, r_squared, trajectories
from alpharl_bench.forecast.forecaster import (
    Fitted,
    Forecaster,
    Quality,
    Target,
    accuracy_of,
    require_update,
)
from alpharl_bench.forecast.method import ORACLE, forecast_method
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.lazy import torch
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.combined import CombinedWeights
from alpharl_bench.variants.extract import Anchor
from alpharl_bench.variants.materialise import Change, LazyUpdate
from alpharl_bench.variants.spec import rank

_SHUFFLES = 200


@forecast_method("alpharl", title="AlphaRL", reference="arXiv 2510.00553, §4.1")
@forecast_method(
    "alpharl-matched",
    title="AlphaRL, norm-matched",
    reference="arXiv 2510.00553, §4.1, scaled as by its equation 3",
    norm_matched=True,
)
@forecast_method(
    "alpharl-code",
    title="AlphaRL, authors' code",
    reference="the code of arXiv 2510.00553",
    anchor="checkpoint",
)
@forecast_method(
    ORACLE, title="AlphaRL, oracle", reference="arXiv 2510.00553, §4.2", scored_only=True
)
@dataclass(frozen=True)
class AlphaRL(Forecaster):
    """Per module: x_t = σ₁u₁, one-component PLS of x on accuracy, ΔŴ = x̂ v₁ᵀ at the target.

    v₁ is that of the last observed checkpoint k; signs are aligned within the prefix. A module
    whose x does not vary with the accuracies stays at the mean of its x. Embeddings, norms and
    biases are the anchor's. The paper regresses on relative accuracy and takes 1 as the target: a
    regression with an intercept gives the same for accuracies in any unit.

    Args:
        anchor: what ΔŴ is added to: the base (the paper), or W_k (the authors' code, where the
            update up to k counts twice).
        norm_matched: rescale ΔŴ by ‖ΔW_k‖/σ₁(k), as equation 3 does with an observed Rank-1 update;
            neither §4.1 nor the authors' code does.
    """

    least: ClassVar[int] = 2
    needs: ClassVar[Literal["accuracy"]] = "accuracy"
    anchor: Anchor = "base"
    norm_matched: bool = False

    def _fit(self, prefix: Prefix) -> Fitted:
        prefix.prepare()
        require_update(prefix)
        accuracies = np.array(prefix.accuracies)
        shuffled = np.random.default_rng(0).permuted(
            np.tile(accuracies[:, None], _SHUFFLES), axis=0
        )
        modules: dict[str, _Module | None] = {}
        explained = []
        for path in trajectories(prefix.source):
            if path.sigma.any():
                modules[path.module] = self._module(path, accuracies)
                explained.append(r_squared(path.x, np.column_stack([accuracies, shuffled])))
            else:
                modules[path.module] = None
        means = np.mean(explained, axis=0)
        return _Fitted(prefix, self.anchor, modules, Quality(float(means[0]), means[1:]))

    def no_op(self, prefix: Prefix) -> Change:
        """Rank-1 of W_k, σ₁u₁v₁ᵀ or norm-matched; W_k itself where that is the anchor."""
        if self.anchor == "checkpoint":
            return super().no_op(prefix)
        if self.norm_matched:
            return prefix.source.update(rank(1))
        last = prefix.last
        return LazyUpdate(last.modules, lambda name: last.module(name, 1).factors.leading(1))

    def _module(self, path: Trajectory, accuracies: np.ndarray) -> _Module:
        moved = path.sigma[-1] > 0
        stretch = path.norm[-1] / path.sigma[-1] if self.norm_matched and moved else 1.0
        return _Module(PLS.fit(path.x, accuracies), torch.from_numpy(path.v[-1]), float(stretch))


@dataclass(frozen=True)
class _Module:
    regression: PLS
    right: torch.Tensor
    stretch: float

    def at(self, accuracy: float) -> LowRank:
        fit = self.regression
        x = torch.from_numpy(fit.inverse(accuracy) if fit.slope else fit.mean).float()
        length = torch.linalg.vector_norm(x)
        left = x / length if length else x
        return LowRank(left[:, None], length[None] * self.stretch, self.right[:, None])


@dataclass(frozen=True)
class _Fitted(Fitted):
    prefix: Prefix
    anchor: Anchor
    modules: Mapping[str, _Module | None]
    fit: Quality

    def predict(self, target: Target) -> Change:
        accuracy = accuracy_of(target)

        def make(name: str) -> LowRank:
            module = self.modules[name]
            if module is not None:
                return module.at(accuracy)
            rows, columns = self.prefix.last.shape(name)
            return LowRank(torch.zeros(rows, 1), torch.zeros(1), torch.zeros(columns, 1))

        update = LazyUpdate(self.modules, make)
        if self.anchor == "base":
            return update
        last = self.prefix.last.trained
        return CombinedWeights(self.prefix.base, (last,), lambda _: (1.0,), update)

    def quality(self) -> Quality:
        return self.fit
