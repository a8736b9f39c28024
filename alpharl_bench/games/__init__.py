"""Two-player zero-sum games in text: what SPIRAL plays against itself (arXiv 2506.24119)."""

from alpharl_bench.games.kuhn import KuhnPoker
from alpharl_bench.games.match import Match, Player
from alpharl_bench.games.negotiation import Negotiation

#: The games of the paper's self-play run, by name. To add one, write its class and a line here.
GAMES: dict[str, type[KuhnPoker | Negotiation]] = {
    "kuhn": KuhnPoker,
    "negotiation": Negotiation,
}

__all__ = ["GAMES", "KuhnPoker", "Match", "Negotiation", "Player"]
