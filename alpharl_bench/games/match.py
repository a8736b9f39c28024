"""What every game has in common: turns, prompts, moves in text and a result."""

from collections.abc import Callable
from typing import ClassVar, Protocol

import numpy as np


class Match(Protocol):
    """One game from the deal to its end. A move that the rules forbid loses it at once.

    ``payoffs`` are those of both players once the match is ``over``, zero-sum and at most
    ``scale``; ``illegal`` is who lost by a forbidden move, None where nobody did. ``turns`` are the
    fewest of a match without one, ``longest_prompt`` a prompt as long as any that arises against a
    fixed opponent.
    """

    scale: ClassVar[float]
    turns: ClassVar[int]
    longest_prompt: ClassVar[str]

    over: bool
    payoffs: tuple[float, float]
    illegal: int | None

    @property
    def player(self) -> int:
        """Whose turn it is, 0 or 1: also a player's role, as the two do not start alike."""

    def prompt(self) -> str:
        """All that the player to move knows, in a form short enough for a nano model."""

    def act(self, text: str) -> None:
        """Make the move that a player's response states."""

    def random_move(self, rng: np.random.Generator) -> str:
        """The text of a legal move, as a player makes it who knows the rules and nothing else."""


#: A fixed opponent: from the match, in which it is its turn, to the text of its move.
Player = Callable[[Match, np.random.Generator], str]


def random_player(match: Match, rng: np.random.Generator) -> str:
    """Plays any legal move."""
    return match.random_move(rng)
