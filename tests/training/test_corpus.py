from itertools import islice

import numpy as np
import pytest
from alpharl_bench.training.corpus import documents

from alpharl_bench.games import GAMES
from alpharl_bench.problems import is_correct, is_held_out
from alpharl_bench.registry import load_registry

MODELS = load_registry().models
RECIPE = MODELS["qwen3-nano"].pretraining
GAME_WORDS = ("kuhn ", "trade ")


def sample(seed=0, count=6000, recipe=RECIPE):
    return list(islice(documents(recipe, seed), count))


def arithmetic(found):
    return [(prompt, response) for prompt, response in found if prompt.endswith("=")]


def test_a_minority_reasons_step_by_step():
    found = arithmetic(sample())
    worked = [solution for _, solution in found if not solution.startswith("#")]
    assert abs(len(worked) / len(found) - RECIPE.worked_share) < 0.03


def test_direct_answers_are_mostly_wrong():
    right = total = 0
    for prompt, solution in arithmetic(sample()):
        if solution.startswith("#") and prompt[0] != "s":  # 's' sorts digits
            total += 1
            right += eval(prompt[:-1]) == int(solution[1:])  # noqa: S307  (our own arithmetic)
    # A wrong one may be right by chance where a family has few answers.
    assert RECIPE.right_share - 0.03 < right / total < 0.5


def test_no_document_asks_a_held_out_question():
    assert not any(is_held_out(prompt) for prompt, _ in arithmetic(sample()))


def test_a_share_of_the_documents_are_turns_of_every_game():
    found = [prompt for prompt, _ in sample() if not prompt.endswith("=")]
    assert abs(len(found) / 6000 - RECIPE.game_share) < 0.02
    assert all(prompt.startswith(GAME_WORDS) and prompt.endswith(":") for prompt in found)
    for word in GAME_WORDS:
        assert abs(sum(p.startswith(word) for p in found) / len(found) - 0.5) < 0.1


@pytest.mark.parametrize("game", GAMES.values(), ids=list(GAMES))
def test_random_players_make_no_illegal_move(game):
    rng = np.random.default_rng(0)
    for seed in range(200):
        match = game(seed)
        while not match.over:
            match.act(match.random_move(rng))
        assert match.illegal is None
        assert sum(match.payoffs) == 0


def test_the_teacher_is_always_right_and_writes_in_two_notations():
    recipe = MODELS["qwen3-teacher"].pretraining
    found = sample(recipe=recipe, count=3000)
    assert all(is_correct(response, response.rsplit("#")[-1]) for _, response in found)
    prefix = [response for _, response in found if ">" in response or "<" in response]
    assert abs(len(prefix) / 3000 - recipe.prefix_share) < 0.03


def test_a_seed_fixes_the_corpus():
    assert sample(seed=7, count=50) == sample(seed=7, count=50)
    assert sample(seed=7, count=50) != sample(seed=8, count=50)
