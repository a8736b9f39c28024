"""Kuhn Poker against its rules written down again, and against what is known of its solution."""

import subprocess
import sys
from itertools import permutations, product

import numpy as np
import pyspiel
import pytest

from alpharl_bench.games import KuhnPoker
from alpharl_bench.games.kuhn import (
    exploitability,
    information_sets,
    nash_player,
    nash_policy,
)

# Every way a hand can go, and what the first player is paid: None is a showdown for that stake.
HANDS = {
    ("check", "check"): (1, None),
    ("bet", "call"): (2, None),
    ("check", "bet", "call"): (2, None),
    ("bet", "fold"): (1, 1),
    ("check", "bet", "fold"): (1, -1),
}
ACTIVE = {"bet", "call"}
DEALS = list(permutations("JQK", 2))


def dealt(first, second):
    """A match with these cards: the first seed that deals them."""
    for seed in range(200):
        match = KuhnPoker(seed)
        cards = ["JQK"[int(match.state.information_state_string(p)[0])] for p in (0, 1)]
        if cards == [first, second]:
            return match
    raise AssertionError("never dealt")


def paid(first, second, moves):
    stake, forced = HANDS[moves]
    sign = forced if forced is not None else (1 if "JQK".index(first) > "JQK".index(second) else -1)
    return stake * sign


def enumerated(first_player, second_player):
    """The first player's mean payoff where both play by tables of the active move's chance."""
    total = 0.0
    for first, second in DEALS:
        for moves in HANDS:
            chance, history = 1.0, ""
            for turn, move in enumerate(moves):
                card, table = (second, second_player) if turn % 2 else (first, first_player)
                active = table[f"{'JQK'.index(card)}{history}"]
                chance *= active if move in ACTIVE else 1 - active
                history += "b" if move in ACTIVE else "p"
            total += chance * paid(first, second, moves) / len(DEALS)
    return total


@pytest.mark.parametrize("moves", HANDS, ids="-".join)
@pytest.mark.parametrize("cards", DEALS, ids="".join)
def test_a_hand_pays_by_the_rules(cards, moves):
    match = dealt(*cards)
    for turn, move in enumerate(moves):
        assert not match.over
        assert match.player == turn % 2
        match.act(f"[{move}]")
    assert match.over
    assert match.illegal is None
    assert match.payoffs == (paid(*cards, moves), -paid(*cards, moves))


@pytest.mark.parametrize(
    ("before", "text", "loser"),
    [
        ((), "[call]", 0),
        ((), "[fold]", 0),
        ((), "bet", 0),
        ((), "[bet][bet]", 0),
        ((), "", 0),
        (("[check]",), "[call]", 1),
        (("[bet]",), "[check]", 1),
        (("[check]", "[bet]"), "[bet]", 0),
    ],
)
def test_a_forbidden_move_loses_as_much_as_any_hand_can(before, text, loser):
    match = KuhnPoker(0)
    for move in before:
        match.act(move)
    match.act(text)
    assert match.over
    assert match.illegal == loser
    assert match.payoffs[loser] == -2
    assert sum(match.payoffs) == 0


def test_a_prompt_hides_the_card_of_the_other_player():
    for card in "JQK":
        others = [c for c in "JQK" if c != card]
        for before in ((), ("[check]",), ("[bet]",), ("[check]", "[bet]")):
            seen = set()
            for other in others:
                match = dealt(card, other) if len(before) % 2 == 0 else dealt(other, card)
                for move in before:
                    match.act(move)
                seen.add(match.prompt())
            assert seen == {f"kuhn {card}{''.join(before)}:"}


def test_information_sets_are_those_of_open_spiel():
    game, reached = pyspiel.load_game("kuhn_poker"), set()

    def walk(state):
        if state.is_terminal():
            return
        if not state.is_chance_node():
            reached.add(state.information_state_string())
        for action in state.legal_actions():
            walk(state.child(action))

    walk(game.new_initial_state())
    assert {known.key for known in information_sets()} == reached


def test_information_sets_have_the_prompts_and_moves_of_the_match():
    of_key = {known.key: known for known in information_sets()}
    for cards, moves in product(DEALS, HANDS):
        match = dealt(*cards)
        for move in moves:
            known = of_key[match.state.information_state_string()]
            assert known.prompt == match.prompt()
            assert known.moves == tuple(f"[{legal}]" for legal in match.legal)
            match.act(f"[{move}]")


def test_the_equilibrium_has_the_value_of_the_game_and_cannot_be_exploited():
    assert enumerated(nash_policy(), nash_policy()) == pytest.approx(-1 / 18, abs=1e-12)
    assert exploitability(nash_policy()) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "policy",
    [
        dict.fromkeys((known.key for known in information_sets()), 0.5),
        dict.fromkeys((known.key for known in information_sets()), 1.0),
        {known.key: 0.1 + 0.07 * i for i, known in enumerate(information_sets())},
    ],
    ids=["uniform", "always active", "mixed"],
)
def test_exploitability_is_what_the_best_of_all_pure_answers_win(policy):
    first = [key for key in policy if len(key) in {1, 3}]
    second = [key for key in policy if len(key) == 2]
    pure = [dict(zip(first, p, strict=True)) for p in product((0, 1), repeat=6)]
    against_second = max(enumerated(answer, policy) for answer in pure)
    pure = [dict(zip(second, p, strict=True)) for p in product((0, 1), repeat=6)]
    against_first = max(-enumerated(policy, answer) for answer in pure)
    assert exploitability(policy) == pytest.approx((against_second + against_first) / 2)


def test_the_uniform_policy_loses_eleven_in_twenty_four():
    # NashConv 11/12, as OpenSpiel's own tests have it.
    uniform = dict.fromkeys((known.key for known in information_sets()), 0.5)
    assert exploitability(uniform) == pytest.approx(11 / 24)


def test_the_games_bring_no_log_handler_that_closes_other_peoples_streams():
    # absl's did: vLLM's start closed the captured stderr of the tests, and ended the session.
    source = "import sys, alpharl_bench.games; assert 'absl' not in sys.modules"
    subprocess.run([sys.executable, "-c", source], check=True)


def test_the_nash_player_plays_its_table():
    rng = np.random.default_rng(0)
    for cards, before in product(DEALS, ((), ("[check]",), ("[bet]",), ("[check]", "[bet]"))):
        match = dealt(*cards)
        for move in before:
            match.act(move)
        chance = nash_policy()[match.state.information_state_string()]
        played = [nash_player(match, rng) for _ in range(300)]
        assert set(played) <= {f"[{move}]" for move in match.legal}
        share = np.mean([move == f"[{match.legal[1]}]" for move in played])
        # Six standard errors of a third in 300; where there is no luck, none is allowed.
        assert abs(share - chance) <= 6 * np.sqrt(chance * (1 - chance) / 300)
