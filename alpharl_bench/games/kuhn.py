"""Kuhn Poker by OpenSpiel: three cards, one bet; value −1/18 for the first player (Kuhn 1950)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, ClassVar

import numpy as np

from alpharl_bench.extras import requiring
from alpharl_bench.games.match import Match

_CARDS = "JQK"
_MOVE = re.compile(r"\s*\[(check|bet|call|fold)\]\s*")
# OpenSpiel calls both passive moves 0 and both active ones 1; what they are told by depends on
# whether there is a bet on the table.
_NAMES = {False: ("check", "bet"), True: ("fold", "call")}


# Imported when a game is played: every recipe's trainer knows the games.
@cache
def _open_spiel() -> Any:
    with requiring("games"):
        import pyspiel  # noqa: PLC0415
    return pyspiel


@cache
def _game() -> Any:
    return _open_spiel().load_game("kuhn_poker")


class KuhnPoker:
    """One hand; payoffs are in chips, −2 … 2.

    Args:
        seed: the seed of the deal.
    """

    scale: ClassVar[float] = 2.0
    turns: ClassVar[int] = 2
    longest_prompt: ClassVar[str] = "kuhn K[check][bet]:"

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
        return _prompt(card, self._moves)

    def act(self, text: str) -> None:
        """Make a move, written as ``[bet]``; anything else is forbidden and costs two chips.

        The most that a hand can cost: for the price of a fold it would be worth trying.
        """
        found = _MOVE.fullmatch(text)
        if found is None or found.group(1) not in self.legal:
            self.over, self.illegal = True, self.player
            self.payoffs = (-2.0, 2.0) if self.player == 0 else (2.0, -2.0)
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


@dataclass(frozen=True)
class InformationSet:
    """What a player can know when it has to move.

    ``key`` is OpenSpiel's name for it, as ``2pb``; ``moves`` are the texts of the two legal moves,
    the passive one first.
    """

    key: str
    prompt: str
    moves: tuple[str, str]


def information_sets() -> list[InformationSet]:
    """All twelve: three cards, and before them no move, a check, a bet, or a check and a bet."""
    found = []
    for card, history in product(range(len(_CARDS)), ("", "p", "b", "pb")):
        made = [_NAMES[False][move == "b"] for move in history]
        passive, active = _NAMES["b" in history]
        found.append(
            InformationSet(
                f"{card}{history}", _prompt(_CARDS[card], made), (f"[{passive}]", f"[{active}]")
            )
        )
    return found


def exploitability(active: Mapping[str, float]) -> float:
    """How much a policy loses to best responses, in chips a hand; 0 for an equilibrium alone.

    The mean over both roles of what the opponent's best response wins beyond the game's value:
    NashConv / 2, by OpenSpiel.

    Args:
        active: the probability of the active move (bet or call) in every information set, by key.
    """
    # The C++ one. The Python one imports absl, whose log handler closes the stream that it took
    # for its own when vLLM sets up logging: under pytest the captured stderr.
    moves = {key: [(0, 1 - chance), (1, chance)] for key, chance in active.items()}
    spiel = _open_spiel()
    return float(spiel.exploitability(_game(), spiel.TabularPolicy(moves)))


def nash_policy() -> dict[str, float]:
    """The probability of the active move by which :func:`nash_player` plays, by information set."""
    return {known.key: _active(known.prompt, known.moves) for known in information_sets()}


def nash_player(match: Match, rng: np.random.Generator) -> str:
    """The equilibrium with no bluff of the first player (α = 0 of Kuhn's family).

    First: checks every card; behind check and bet calls with a queen by 1/3, with a king always.
    Second: bets a jack by 1/3 and a king behind a check, calls a queen by 1/3 and a king.
    """
    assert isinstance(match, KuhnPoker)  # noqa: S101  (a player of this game only)
    passive, active = (f"[{move}]" for move in match.legal)
    return active if rng.random() < _active(match.prompt(), (passive, active)) else passive


def _active(prompt: str, moves: tuple[str, str]) -> float:
    card, history = prompt[len("kuhn ")], prompt[len("kuhn K") : -1]
    if "[fold]" in moves:
        return {"J": 0.0, "Q": 1 / 3, "K": 1.0}[card]
    return {"J": 1 / 3, "Q": 0.0, "K": 1.0}[card] if history else 0.0


def _prompt(card: str, moves: list[str]) -> str:
    return f"kuhn {card}{''.join(f'[{move}]' for move in moves)}:"
