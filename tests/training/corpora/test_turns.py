from itertools import islice

import numpy as np
import pytest

from alpharl_bench.games import GAMES
from alpharl_bench.training.corpora.turns import game_turns

GAME_WORDS = ("kuhn ", "trade ")


def test_turns_of_all_games_are_alike():
    found = [prompt for prompt, _ in islice(game_turns(0), 600)]
    assert all(prompt.startswith(GAME_WORDS) and prompt.endswith(":") for prompt in found)
    for word in GAME_WORDS:
        assert sum(prompt.startswith(word) for prompt in found) == 300


@pytest.mark.parametrize("game", GAMES.values(), ids=list(GAMES))
def test_random_players_make_no_illegal_move(game):
    rng = np.random.default_rng(0)
    for seed in range(200):
        match = game(seed)
        while not match.over:
            match.act(match.random_move(rng))
        assert match.illegal is None
        assert sum(match.payoffs) == 0


def test_a_seed_fixes_the_turns():
    first, again, other = (list(islice(game_turns(seed), 50)) for seed in (7, 7, 8))
    assert first == again != other
