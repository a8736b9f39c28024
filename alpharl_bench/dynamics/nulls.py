"""What the measures of linearity say of trajectories in which nothing was learned.

A trajectory has far more dimensions than checkpoints, so that a line through anything fits well;
and a path without aim is smooth. Each null keeps one property of the true trajectory and draws the
rest at random, and any measure can be taken of it. docs/dynamics.md has the figures.
"""

from collections.abc import Callable

import numpy as np

from alpharl_bench.cache import content_key
from alpharl_bench.dynamics.pls import r_squared

#: From a trajectory (T, m), accuracies (T,) and a source of randomness to those of the null.
Null = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def noise(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian noise of the trajectory's shape: no relation of one checkpoint to another.

    Its variance is 1: the regression standardises every column. That also makes its Gram matrix no
    Wishart matrix, so it is drawn in full.
    """
    return rng.standard_normal(x.shape, dtype=np.float32), y


def permuted(
    x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The trajectory with accuracies of other checkpoints: the path, without what it led to.

    A run's modules share its accuracies, so that a draw is one of the run: all modules have the
    same source of randomness.
    """
    return x, rng.permutation(y)


def random_walk(
    x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A walk whose steps are as long as the trajectory's, each in a direction of its own.

    It begins where the trajectory does and is as smooth, but goes nowhere.
    """
    steps = np.diff(np.asarray(x, dtype=np.float64), axis=0)
    return np.vstack([x[:1], x[:1] + walk(np.linalg.norm(steps, axis=1), x.shape[1], rng)]), y


def random_directions(
    x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors as long as the trajectory's, each in a direction of its own.

    What is left of σ₁u₁ is σ₁. Of u₁, all of the same length, nothing is left.
    """
    return np.linalg.norm(x, axis=1, keepdims=True) * _directions(x.shape, rng), y


def straight_path(
    x: np.ndarray, y: np.ndarray, _: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A path whose steps are as long as the trajectory's, all of them in one direction: (T, 1).

    The opposite of the nulls: here there is all to find. Its R² is below 1 by what accuracy does,
    and it is the null of a claim that something is *not* linear.
    """
    steps = np.linalg.norm(np.diff(np.asarray(x, dtype=np.float64), axis=0), axis=1)
    return np.concatenate([[0], np.cumsum(steps)])[:, None], y


NULLS: dict[str, Null] = {
    "noise": noise,
    "permuted accuracies": permuted,
    "random walk": random_walk,
    "random directions": random_directions,
}


def null_r_squared(
    null: Null, x: np.ndarray, y: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """R² of the one-component fit, in sample, of draws of a null.

    Args:
        null: one of :data:`NULLS`.
        x: (T, m) the trajectory.
        y: (T,) the accuracies.
        draws: the number of draws.
        rng: the source of randomness, as :func:`null_generator`.

    Returns:
        (draws,); NaN where the accuracies have no spread.
    """
    if null is permuted:
        # The trajectory stays as it is: one product for all draws.
        return r_squared(x, np.stack([permuted(x, y, rng)[1] for _ in range(draws)], axis=1))
    return np.array([float(r_squared(*null(x, y, rng))) for _ in range(draws)])


def null_generator(module: str, seed: int = 0) -> np.random.Generator:
    """A source of randomness of the module's own, so that modules do not share their draws.

    That of the empty name is the run's.
    """
    return np.random.default_rng(int(content_key(module=module, seed=seed), 16))


def walk(lengths: np.ndarray, width: int, rng: np.random.Generator) -> np.ndarray:
    """The places of a random walk from 0.

    Args:
        lengths: (T,) of its steps.
        width: the number of dimensions m.
        rng: the source of randomness.

    Returns:
        (T, m) float64, the places after every step.
    """
    steps = np.asarray(lengths)[:, None] * _directions((len(lengths), width), rng)
    places: np.ndarray = np.cumsum(steps, axis=0, dtype=np.float64)
    return places


def step_lengths(gram: np.ndarray) -> np.ndarray:
    """(T,) ‖Δ₁‖, ‖Δ₂ − Δ₁‖, …: how far a path went each time, from the base on.

    Args:
        gram: (T, T) inner products ΔᵢᵀΔⱼ of its places, the base being at 0.
    """
    squares = np.diag(gram)
    further = squares[1:] + squares[:-1] - 2 * np.diag(gram, 1)
    lengths: np.ndarray = np.sqrt(np.maximum(np.concatenate([squares[:1], further]), 0))
    return lengths


def walk_gram(lengths: np.ndarray) -> np.ndarray:
    """(T, T) inner products of the places of a random walk from 0 in very many dimensions.

    There, steps are orthogonal: the product of two places is the sum of the squared lengths of the
    steps that they share. A weight matrix has so many dimensions that nothing need be drawn.

    Args:
        lengths: (T,) of the steps.
    """
    travelled = np.cumsum(np.square(lengths))
    products: np.ndarray = np.minimum.outer(travelled, travelled)
    return products


def _directions(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Rows drawn uniformly from the unit sphere, float32."""
    drawn = rng.standard_normal(shape, dtype=np.float32)
    rows: np.ndarray = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return rows
