"""Turns of games between random players, who know the rules and nothing else."""

from collections.abc import Iterator

import numpy as np

from alpharl_bench.games import GAMES


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
