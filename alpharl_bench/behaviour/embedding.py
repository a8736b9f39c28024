"""How far training moves the token embeddings (§2.3, Figure 5b): a number beside the picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from pydantic.dataclasses import dataclass

from alpharl_bench.checkpoints import Weights, compare
from alpharl_bench.checkpoints.modules import is_head, is_vocabulary
from alpharl_bench.dynamics.embedding import Picture, embed
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch

#: Tokens that are measured, and those of them that are drawn; of a larger vocabulary they are drawn
#: by lot.
TOKENS, DRAWN = 2000, 200
# Rows of the embeddings that are held in float64 at a time.
_ROWS = 8192


@dataclass(frozen=True)
class TokenShift:
    """How far one token's embedding moved.

    Args:
        token: its text, as the tokenizer writes it.
        displacement: ‖e' − e‖ from the base to the trained model.
        neighbour: the distance of e to the nearest other token's, in the base.
        random: the displacement by a Gaussian update that is as large beside the embeddings as the
            other modules' updates are beside their weights, the median of ‖ΔW‖/‖W‖.
    """

    token: str
    displacement: float
    neighbour: float
    random: float

    @property
    def columns(self) -> Mapping[str, float]:
        """The figures by name."""
        return {
            "displacement": self.displacement,
            "neighbour": self.neighbour,
            "random": self.random,
        }


@dataclass(frozen=True)
class EmbeddingShift:
    """How far the embeddings moved.

    Args:
        tokens: the text of each measured token.
        relative: ‖ΔE‖/‖E‖ of all embeddings.
        modules: the median of ‖ΔW‖/‖W‖ over the other modules.
        common: ‖mean of e' − e‖ over the mean of ‖e' − e‖: 1 where all move alike, about 1/√n
            where each moves its own way.
        pictures: places by projection, ``PCA`` and ``t-SNE``: first the drawn tokens in the base,
            then the same tokens in the trained model.
    """

    tokens: tuple[TokenShift, ...]
    relative: float
    modules: float
    common: float
    pictures: Mapping[str, Picture]


def embedding_shift(
    base: Weights, trained: Weights, text: Callable[[int], str], seed: int = 0
) -> EmbeddingShift:
    """Compare the token embeddings of base and trained model, a part of their rows at a time.

    Args:
        base: weights that training started from; their embeddings may be tied to the output head.
        trained: weights after it.
        text: maps the number of a token to its text.
        seed: draws tokens of a large vocabulary, and the random update.

    Raises:
        AlphaRLBenchError: a model has no token embeddings, or they have other shapes.
    """
    name = _embeddings(base)
    if name not in trained.names or trained.shape(name) != base.shape(name):
        raise AlphaRLBenchError(
            f"{trained.file(name)}: has no tensor '{name}' of shape {base.shape(name)} to compare "
            "with the base's token embeddings"
        )
    size, width = base.shape(name)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(size, min(size, TOKENS), replace=False))
    before, after = (_rows(weights, name, chosen) for weights in (base, trained))
    moved = (after - before).numpy()
    lengths = np.linalg.norm(moved, axis=1)
    norm = math.hypot(*(float(part.norm()) for _, part in _parts(base, name)))
    change = math.hypot(
        *(
            float((part - other).norm())
            for (_, part), (_, other) in zip(_parts(base, name), _parts(trained, name), strict=True)
        )
    )
    modules = float(
        np.median([_relative(base, trained, module) for module in compare(base, trained).modules])
    )
    noise = rng.normal(scale=norm * modules / math.sqrt(size * width), size=(len(chosen), width))
    near = neighbours(base, name, chosen)
    mean = lengths.mean()
    return EmbeddingShift(
        tokens=tuple(
            TokenShift(text(int(token)), *map(float, figures))
            for token, *figures in zip(
                chosen, lengths, near, np.linalg.norm(noise, axis=1), strict=True
            )
        ),
        relative=change / norm,
        modules=modules,
        common=float(np.linalg.norm(moved.mean(axis=0)) / mean) if mean else 0.0,
        pictures=_pictures(before[:DRAWN].numpy(), after[:DRAWN].numpy()),
    )


def neighbours(weights: Weights, name: str, tokens: np.ndarray) -> np.ndarray:
    """The distance of each chosen row of the embeddings to the nearest other row.

    Args:
        weights: the weights of a model.
        name: the name of its embeddings.
        tokens: (n,) rows.

    Returns:
        (n,) float64; 0 of a row that another one equals, as padding of the vocabulary may.
    """
    own = _rows(weights, name, tokens)
    nearest = torch.full((len(tokens),), torch.inf, dtype=torch.float64)
    for start, part in _parts(weights, name):
        # In float64: a distance far below the norms would drown in the product of two matrices.
        distances = torch.cdist(own, part)
        inside = (tokens >= start) & (tokens < start + len(part))
        distances[np.flatnonzero(inside), tokens[inside] - start] = torch.inf
        nearest = torch.minimum(nearest, distances.min(dim=1).values)
    return nearest.numpy()


def _embeddings(weights: Weights) -> str:
    for name in weights.names:
        if is_vocabulary(name) and not is_head(name):
            return name
    raise AlphaRLBenchError(f"{weights.folder}: holds no token embeddings (embed_tokens.weight)")


def _parts(weights: Weights, name: str) -> Iterator[tuple[int, torch.Tensor]]:
    for start in range(0, weights.shape(name)[0], _ROWS):
        yield start, weights.rows(name, slice(start, start + _ROWS)).double()


def _rows(weights: Weights, name: str, chosen: np.ndarray) -> torch.Tensor:
    """(n, d) float64 rows in ascending order."""
    found = [
        part[chosen[(chosen >= start) & (chosen < start + len(part))] - start]
        for start, part in _parts(weights, name)
    ]
    return torch.cat(found)


def _relative(base: Weights, trained: Weights, module: str) -> float:
    """‖ΔW‖/‖W‖ of one module."""
    return float(trained.delta(base, module).norm() / base.tensor(module).float().norm())


def _pictures(before: np.ndarray, after: np.ndarray) -> dict[str, Picture]:
    # Imported here: it takes a second to load.
    from sklearn.decomposition import PCA  # noqa: PLC0415

    both = np.concatenate([before, after])
    # The axes are the base's, so that they do not follow what moved.
    placed = {"PCA": PCA(2, svd_solver="full").fit(before).transform(both), "t-SNE": embed(both)}
    return {
        name: tuple((round(float(x), 4), round(float(y), 4)) for x, y in places)
        for name, places in placed.items()
    }
