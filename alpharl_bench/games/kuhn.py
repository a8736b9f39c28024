"""Kuhn Poker by OpenSpiel: three cards, one bet; value −1/18 for the first player (Kuhn 1950)."""

import re
from functools import cache
from typing import Any

import numpy as np
import pyspiel

from alpharl_bench.games.match import Match

_CARDS = "JQK"
_MOVE = re.compile(r"\s*\[(check|bet|call|fold)\]\s*")
# OpenSpiel calls both passive moves 0 and both active ones 1; what they are told by depends on
# whether there is a bet on the table.
_NAMES = {False: ("check", "bet"), True: ("fold", "call")}


@cache
def _game() -> Any:
    return pyspiel.load_game("kuhn_poker")


class KuhnPoker:
    """One hand; payoffs are in chips, −2 … 2.

    Args:
        seed: of the deal.
    """

    def __init__(self, seed: int) -> None:
        first, second = np.random.default_rng(seed).permutation(len(_CARDS))[:2]
        self.state = _game().new_initial_state()
        self.state.apply_action(int(first))
        self.state.apply_action(int(second))
        self.over = False
        self.illegal: int | None = None
        self.payoffs = (0.0, 0.0)
        self._moves: list[str] = []

    @property
    def player(self) -> int:
        """Whose turn it is; 0 acts first."""
        return len(self._moves) % 2

    @property
    def legal(self) -> tuple[str, str]:
        """The two legal moves, the passive one first."""
        return _NAMES["bet" in self._moves]

    def prompt(self) -> str:
        """The own card and the moves so far, as ``kuhn K[check][bet]:``."""
        card = _CARDS[int(self.state.information_state_string(self.player)[0])]
        return f"kuhn {card}{''.join(f'[{move}]' for move in self._moves)}:"

    def act(self, text: str) -> None:
        """Make a move, written as ``[bet]``; anything else is forbidden and costs the ante."""
        found = _MOVE.fullmatch(text)
        if found is None or found.group(1) not in self.legal:
            self.over, self.illegal = True, self.player
            self.payoffs = (-1.0, 1.0) if self.player == 0 else (1.0, -1.0)
            return
        move = found.group(1)
        self.state.apply_action(self.legal.index(move))
        self._moves.append(move)
        if self.state.is_terminal():
            self.over = True
            first, second = self.state.returns()
            self.payoffs = (first, second)

    def random_move(self, rng: np.random.Generator) -> str:
        """Either legal move, alike."""
        return f"[{self.legal[rng.integers(2)]}]"


def nash_player(match: Match, rng: np.random.Generator) -> str:
    """The equilibrium with no bluff of the first player (α = 0 of Kuhn's family).

    First: checks every card; behind check and bet calls with a queen by 1/3, with a king always.
    Second: bets a jack by 1/3 and a king behind a check, calls a queen by 1/3 and a king.
    """
    assert isinstance(match, KuhnPoker)  # noqa: S101  (a player of this game only)
    return f"[{match.legal[int(rng.random() < _active(match))]}]"


def _active(match: KuhnPoker) -> float:
    card = match.prompt()[len("kuhn ")]
    if "fold" in match.legal:
        return {"J": 0.0, "Q": 1 / 3, "K": 1.0}[card]
    return 0.0 if match.player == 0 else {"J": 1 / 3, "Q": 0.0, "K": 1.0}[card]
