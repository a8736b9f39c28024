"""NExt (arXiv 2604.11446): networks that learn how Rank-1 updates go on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from alpharl_bench.checkpoints import Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast.forecaster import SHARES, Fitted, Forecaster, Target
from alpharl_bench.forecast.method import forecast_method
from alpharl_bench.forecast.prefix import Prefix
from alpharl_bench.lazy import torch
from alpharl_bench.progress import progress_bar
from alpharl_bench.spectral import LowRank, UpdateFactors, one_thread_per_matrix
from alpharl_bench.variants.combined import CombinedWeights

#: The authors look 5 checkpoints ahead of 15.
_PART_AHEAD = 3
# Below so many examples × entries of all networks a progress bar would only flicker by.
_WORTH_A_BAR = 1_000_000


@forecast_method("next", title="NExt", reference="arXiv 2604.11446", baseline=True)
@dataclass(frozen=True)
class NExt(Forecaster):
    """W_k + α · σ̂ûv̂ᵀ, where a network per shape says how the update goes on from W_k.

    Its input are the leading triplets of the *global* update W_t − W_0 and the *local* one
    W_t − W_{t−1}, its output that of W_{t+h} − W_t; h is a third of the T observed checkpoints, so
    that T − h of them are examples. All left vectors of a length share a network, all right ones,
    and all σ; û and v̂ are made unit vectors. Embeddings and output head are matrices like others;
    tensors of one dimension go whole through the network of left vectors of their length. The
    method knows no target step: it says what is h checkpoints ahead, and goes α times as far.

    Against the authors' code (RUCAIBox/NExt): signs are those of the engine, where theirs are
    LAPACK's; tensors that have not moved stay, where theirs move by what the network says of
    arbitrary vectors; and a network is trained for fewer steps, at a rate that depends on the
    length. Theirs is meant for LoRA training, which goes on from the predicted model.

    Args:
        alpha: the scale if the target gives none; the authors try 0.5 to 4, report 1.5.
    """

    least: ClassVar[int] = 2
    side_by_side: ClassVar[bool] = True
    alpha: float = 1.5

    def _fit(self, prefix: Prefix) -> Fitted:
        history = _History(prefix)
        groups = history.groups()
        if not groups:
            raise AlphaRLBenchError(
                f"{prefix.last.trained.folder}: no weight of the last observed checkpoint differs "
                f"from the base {prefix.base.folder}: there is no update to go on with"
            )
        said: dict[_Part, torch.Tensor] = {}
        work = sum(shape.length * len(parts) for shape, parts in groups.items()) * len(prefix.steps)
        with (
            one_thread_per_matrix(),
            progress_bar("NExt", len(groups), "network", shown=work > _WORTH_A_BAR) as bar,
        ):
            for parts in groups.values():
                said |= zip(parts, history.predicted(parts), strict=True)
                bar.update()
        return _Fitted(prefix, said, self.alpha)

    def targets(self, prefix: Prefix) -> tuple[Target, ...]:
        """α from 0 to 8; the authors' end at 4."""
        del prefix
        return tuple(Target(alpha=share) for share in SHARES)


@dataclass(frozen=True)
class _Fitted(Fitted):
    prefix: Prefix
    said: Mapping[_Part, torch.Tensor]
    alpha: float

    def predict(self, target: Target) -> Weights:
        alpha = self.alpha if target.alpha is None else target.alpha
        return _extended(self.prefix, self.said, alpha)


class _Part(NamedTuple):
    """What goes through a network of one tensor's update: all of it, or a part of its triplet."""

    tensor: str
    side: Literal["left", "sigma", "right", "whole"]


class _Shape(NamedTuple):
    """What shares a network."""

    kind: Literal["column", "row", "sigma"]
    length: int


class _History:
    """The global, local and coming updates of a prefix, each decomposed once."""

    def __init__(self, prefix: Prefix) -> None:
        models = (prefix.base, *prefix.weights)
        last, ahead = len(prefix.steps), max(1, len(prefix.steps) // _PART_AHEAD)
        examples = range(1, last - ahead + 1)
        self._device = prefix.device
        # The last one is not learned from: what it leads to is asked.
        seen = (*examples, last)
        self._global = [_between(models[0], models[t], prefix.device) for t in seen]
        self._local = [_between(models[t - 1], models[t], prefix.device) for t in seen]
        self._coming = [_between(models[t], models[t + ahead], prefix.device) for t in examples]

    def groups(self) -> dict[_Shape, list[_Part]]:
        """What goes through each network, of all tensors that differ from the base's."""
        groups: defaultdict[_Shape, list[_Part]] = defaultdict(list)
        moved = self._global[-1]
        for name in moved.modules:
            if moved.module(name, 1).norm > 0:
                rows, columns = moved.shape(name)
                groups[_Shape("column", rows)].append(_Part(name, "left"))
                groups[_Shape("row", columns)].append(_Part(name, "right"))
                groups[_Shape("sigma", 1)].append(_Part(name, "sigma"))
        base, trained = moved.base, moved.trained
        for name in sorted(set(base.names) & set(trained.names)):
            if len(base.shape(name)) == 1 and trained.delta(base, name).any():
                groups[_Shape("column", *base.shape(name))].append(_Part(name, "whole"))
        return dict(groups)

    def predicted(self, parts: Sequence[_Part]) -> torch.Tensor:
        """What a network that is trained on K parts of one shape says of each, (K, d)."""
        global_, local, coming = (
            torch.stack([torch.stack([_vector(update, part) for part in parts]) for update in some])
            for some in (self._global, self._local, self._coming)
        )
        global_, local, coming = (some.to(self._device) for some in (global_, local, coming))
        # Imported here: its class is one of torch's.
        from alpharl_bench.forecast.next_network import trained_network  # noqa: PLC0415

        network = trained_network(global_[:-1], local[:-1], coming)
        with torch.no_grad():
            said: torch.Tensor = network(global_[-1], local[-1])
        return said.cpu()


def _between(earlier: Weights, later: Weights, device: str) -> UpdateFactors:
    update = UpdateFactors(earlier, later, device, embeddings=True)
    update.prepare(lambda _: 1)
    return update


def _vector(update: UpdateFactors, part: _Part) -> torch.Tensor:
    """(d,) float32."""
    if part.side == "whole":
        return update.trained.delta(update.base, part.tensor)
    factors = update.module(part.tensor, 1).factors
    if part.side == "sigma":
        return factors.sigma[:1]
    return (factors.left if part.side == "left" else factors.right)[:, 0]


def _extended(prefix: Prefix, said: Mapping[_Part, torch.Tensor], alpha: float) -> Weights:
    """W_k and α times what was said of it."""
    update, vectors = {}, {}
    for part, vector in said.items():
        if part.side == "whole":
            vectors[part.tensor] = alpha * vector
        elif part.side == "sigma":
            left, right = (
                torch.nn.functional.normalize(said[_Part(part.tensor, side)], dim=0)[:, None]
                for side in ("left", "right")
            )
            update[part.tensor] = LowRank(left, alpha * vector, right)
    return CombinedWeights(
        prefix.base, (prefix.weights[-1],), lambda _: (1.0,), update=update, vectors=vectors
    )
