"""The documents that a nano base is pretrained on.

A minority reasons step by step and is right; the majority answers directly and is mostly wrong. So
the base can reason but seldom does, and RL has something latent to elicit. The rest are turns of
games between players who know the rules and nothing else.
"""

from collections.abc import Iterator

import numpy as np

from alpharl_bench.games import GAMES
from alpharl_bench.problems import NANO_FAMILIES, Problem, in_prefix_notation, training_problems
from alpharl_bench.registry import Pretraining


def documents(recipe: Pretraining, seed: int) -> Iterator[tuple[str, str]]:
    """An endless stream of prompts with their responses; no arithmetic prompt is held out."""
    rng = np.random.default_rng([seed, *b"documents"])
    streams = [training_problems(family, seed) for family in NANO_FAMILIES]
    turns = game_turns(seed)
    while True:
        if recipe.game_share and rng.random() < recipe.game_share:
            yield next(turns)
            continue
        stream = streams[rng.integers(len(streams))]
        problem = next(stream)
        if rng.random() < recipe.worked_share:
            yield problem.prompt, _worked(problem, recipe, rng)
        elif rng.random() < recipe.right_share:
            yield problem.prompt, f"#{problem.answer}"
        else:
            # Plausible and mostly wrong: the answer to another problem of the family.
            yield problem.prompt, f"#{next(stream).answer}"


def game_turns(seed: int) -> Iterator[tuple[str, str]]:
    """An endless stream of single turns of random players, prompt and move, all games alike."""
    rng = np.random.default_rng([seed, *b"games"])
    while True:
        for game in GAMES.values():
            # Single turns, as a negotiation has more of them than a hand of poker.
            match = game(int(rng.integers(2**31)))
            turns = []
            while not match.over:
                turns.append((match.prompt(), match.random_move(rng)))
                match.act(turns[-1][1])
            yield turns[rng.integers(len(turns))]


def _worked(problem: Problem, recipe: Pretraining, rng: np.random.Generator) -> str:
    if recipe.prefix_share and rng.random() < recipe.prefix_share:
        return in_prefix_notation(problem)
    return problem.worked_solution
