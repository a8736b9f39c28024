"""Simple Negotiation against TextArena's own state."""

import copy
import random
import re

import numpy as np
import pytest

from alpharl_bench.games import Negotiation
from alpharl_bench.games.match import random_player
from alpharl_bench.games.negotiation import trader


def worth(match, player):
    state = match._env.state.game_state
    values, held = state["player_values"][player], state["player_resources"][player]
    return sum(units * values[name] for name, units in held.items())


def played(seed, players, rng):
    """A match with what both players' goods were worth to them before and after it."""
    match = Negotiation(seed)
    before = [worth(match, player) for player in (0, 1)]
    turns = 0
    while not match.over:
        match.act(players[match.player](match, rng))
        turns += 1
    return match, before, [worth(match, player) for player in (0, 1)], turns


def test_who_gained_more_wins_and_a_legal_match_has_seven_turns():
    rng, results = np.random.default_rng(0), set()
    for seed in range(40):
        match, before, after, turns = played(seed, (random_player, trader), rng)
        assert turns == Negotiation.turns == 7
        assert match.illegal is None
        gains = np.subtract(after, before)
        sign = np.sign(gains[0] - gains[1])
        assert match.payoffs == (sign, -sign)
        results.add(sign)
    assert results == {-1, 0, 1}


def test_an_accepted_offer_moves_the_goods():
    match = Negotiation(3)
    mine = match.resources
    match.act("[Offer: 2 Wood -> 1 Ore]")
    theirs = match.resources
    assert match.offer == ({"Wood": 2}, {"Ore": 1})
    match.act("[Accept]")
    assert match.resources == {**mine, "Wood": mine["Wood"] - 2, "Ore": mine["Ore"] + 1}
    match.act("[Deny]")
    assert match.resources == {**theirs, "Wood": theirs["Wood"] + 2, "Ore": theirs["Ore"] - 1}


@pytest.mark.parametrize(
    ("moves", "loser"),
    [
        (["[Offer: 99 Wood -> 1 Ore]"], 0),
        (["[Offer: 1 Gold -> 1 Ore]"], 0),
        (["[Offer: Wood]"], 0),
        (["[Offer: 1 Wood -> 99 Ore]", "[Accept]"], 1),
        (["[Deny]", "[Offer: 26 Ore -> 1 Wood]"], 1),
        (["What do you need?"], 0),
        (["[Deny]", ""], 1),
        (["[Deny] [Accept]"], 0),
        (["[Offer: 1 Wood -> 1 Ore] Take it!"], 0),
    ],
)
def test_offering_or_accepting_what_one_has_not_and_talk_lose(moves, loser):
    match = Negotiation(1)
    for move in moves:
        assert not match.over
        match.act(move)
    assert match.over
    assert match.illegal == loser
    assert match.payoffs[loser] == -1
    assert sum(match.payoffs) == 0


def test_a_prompt_says_what_the_player_has_and_nothing_of_the_other():
    match = Negotiation(5)
    listed = " ".join(f"{n[:2]}{u}*{match.values[n]}" for n, u in match.resources.items())
    assert match.prompt() == f"trade 6 {listed} -:"
    other = copy.deepcopy(match)
    state = other._env.state.game_state
    state["player_resources"][1] = dict.fromkeys(state["player_resources"][1], 7)
    state["player_values"][1] = dict.fromkeys(state["player_values"][1], 9)
    assert other.prompt() == match.prompt()
    match.act("[Offer: 2 Wood -> 1 Ore]")
    assert re.fullmatch(r"trade 5 .* 2 Wood for 1 Ore:", match.prompt())


def test_deals_follow_from_the_seed_and_leave_pythons_generator_alone():
    before = random.getstate()
    first, again, other = Negotiation(8), Negotiation(8), Negotiation(9)
    assert random.getstate() == before
    assert first.prompt() == again.prompt() != other.prompt()


def test_fixed_players_never_lose_by_a_forbidden_move_and_no_prompt_is_longer_than_stated():
    rng = np.random.default_rng(1)
    for seed in range(60):
        match = Negotiation(seed)
        while not match.over:
            assert len(match.prompt()) <= len(Negotiation.longest_prompt)
            match.act((random_player if (seed + match.player) % 2 else trader)(match, rng))
        assert match.illegal is None


def test_the_trader_takes_every_other_offer_whatever_it_is_worth():
    rng = np.random.default_rng(0)
    for offer in ("[Offer: 1 Wheat -> 5 Wood]", "[Offer: 5 Ore -> 1 Wheat]"):
        taken = 0
        for seed in range(400):
            match = Negotiation(seed)
            match.act(offer)
            taken += trader(match, rng) == "[Accept]"
        assert abs(taken / 400 - 0.5) < 4 * 0.025  # four standard errors


def test_the_trader_does_not_take_what_it_cannot_pay_and_offers_about_as_much():
    rng = np.random.default_rng(0)
    for seed in range(100):
        match = Negotiation(seed)
        match.act("[Offer: 1 Wheat -> 26 Wood]")
        move = trader(match, rng)
        units, given, asked, wanted = re.fullmatch(
            r"\[Offer: (\d+) (\w+) -> (\d+) (\w+)\]", move
        ).groups()
        assert units == "1"
        # As near to what it gives as whole units come, but no gift.
        missed = abs(int(asked) * match.values[wanted] - match.values[given])
        assert missed <= match.values[wanted] / 2 or asked == "1"
