"""Simple Negotiation by TextArena: two players trade resources that they value differently."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import numpy as np

from alpharl_bench.extras import requiring
from alpharl_bench.games.match import Match

# TextArena looks at its limit behind a turn and before it counts it: one more turn is played.
_LIMIT = 6
_MOVE = re.compile(r"\s*\[(Accept|Deny|Offer: [^\[\]]+)\]\s*", re.IGNORECASE)
_MOST = 5  # units of a resource in a move that is made here


class Negotiation:
    """One negotiation of seven turns; payoffs are −1, 0 or 1: who gained more by the trades.

    Args:
        seed: the seed of both players' resources and values.
    """

    scale: ClassVar[float] = 1.0
    turns: ClassVar[int] = _LIMIT + 1
    longest_prompt: ClassVar[str] = (
        "trade 6 Wh25*99 Wo25*99 Sh25*99 Br25*99 Or25*99 1 Wheat for 10 Sheep:"
    )

    def __init__(self, seed: int) -> None:
        # Imported when it is played: every recipe's trainer knows the games.
        with requiring("games"):
            from textarena.envs.SimpleNegotiation.env import SimpleNegotiationEnv  # noqa: PLC0415

        self._env = SimpleNegotiationEnv(max_turns=_LIMIT)
        with _python_random(seed):
            self._env.reset(num_players=2)
        self._env.state.error_allowance = 0
        self.over = False
        self.illegal: int | None = None
        self.payoffs = (0.0, 0.0)

    @property
    def player(self) -> int:
        """Whose turn it is; 0 speaks first."""
        return int(self._env.state.current_player_id)

    @property
    def values(self) -> dict[str, int]:
        """What a unit of every resource is worth to the player to move."""
        return dict(self._env.state.game_state["player_values"][self.player])

    @property
    def resources(self) -> dict[str, int]:
        """What the player to move holds."""
        return dict(self._env.state.game_state["player_resources"][self.player])

    @property
    def offer(self) -> tuple[dict[str, int], dict[str, int]] | None:
        """What the other player offers and what it requests for it; None without an open offer."""
        offer = self._env.state.game_state["current_offer"]
        if offer is None or offer["from_player"] == self.player:
            return None
        return dict(offer["offered_resources"]), dict(offer["requested_resources"])

    def prompt(self) -> str:
        """Turns left after this one, the own resources with their values, and the open offer."""
        held, values = self.resources, self.values
        table = " ".join(f"{name[:2]}{held[name]}*{values[name]}" for name in held)
        offer = self.offer
        text = "-" if offer is None else f"{_listed(offer[0])} for {_listed(offer[1])}"
        return f"trade {_LIMIT - self._env.state.turn} {table} {text}:"

    def act(self, text: str) -> None:
        """``[Offer: 2 Wood -> 1 Ore]``, ``[Accept]`` or ``[Deny]`` and nothing else.

        To offer or to accept what one does not hold is forbidden. So is talk, as in the authors'
        code and other than in TextArena, where a player that cannot be understood cannot lose.
        """
        player = self.player
        if _MOVE.fullmatch(text) is None:
            self.over, self.illegal = True, player
            self.payoffs = (-1.0, 1.0) if player == 0 else (1.0, -1.0)
            return
        self._env.step(text)
        if self._env.state.done:
            self.over = True
            rewards = self._env.state.rewards
            self.payoffs = (float(rewards[0]), float(rewards[1]))
            if self._env.state.game_info[player].get("invalid_move"):
                self.illegal = player

    def random_move(self, rng: np.random.Generator) -> str:
        """Accepts, denies or makes an offer of a few units, whatever they are worth."""
        offer = self.offer
        if offer is not None and rng.random() < 0.6:
            able = all(self.resources[name] >= units for name, units in offer[1].items())
            return "[Accept]" if able and rng.random() < 0.6 else "[Deny]"
        names = list(self.resources)
        given, wanted = rng.choice(len(names), size=2, replace=False)
        most = min(_MOST, self.resources[names[given]])
        if most < 1:
            return "[Deny]"
        units, asked = rng.integers(1, most + 1), rng.integers(1, _MOST + 1)
        return f"[Offer: {units} {names[given]} -> {asked} {names[wanted]}]"


def trader(match: Match, rng: np.random.Generator) -> str:
    """A fixed, good-natured opponent: makes even offers, and takes every other one that it gets.

    It looks at its own values when it asks: one unit of something for about as much of another. It
    does not when it is asked, if it has the goods. A trader who took only what gains would be
    beaten by nobody: what one player gains by a trade, the other lacks.
    """
    assert isinstance(match, Negotiation)  # noqa: S101  (a player of this game only)
    offer = match.offer
    if (
        offer is not None
        and all(match.resources[name] >= units for name, units in offer[1].items())
        and rng.random() < 0.5
    ):
        return "[Accept]"
    values = match.values
    held = [name for name, units in match.resources.items() if units]
    given = held[rng.integers(len(held))]
    wanted = [name for name in values if name != given][rng.integers(len(values) - 1)]
    asked = max(1, round(values[given] / values[wanted]))
    return f"[Offer: 1 {given} -> {asked} {wanted}]"


def _listed(bundle: dict[str, int]) -> str:
    return ",".join(f"{units} {name}" for name, units in bundle.items())


@contextmanager
def _python_random(seed: int) -> Iterator[None]:
    """TextArena draws from Python's global generator: seed it, and put it back afterwards."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
