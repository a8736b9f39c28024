"""Games as tasks: matches against fixed opponents, played in lock step through any engine."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import yaml
from scipy.special import expit

from alpharl_bench.extras import requiring
from alpharl_bench.games import KuhnPoker, Match, Negotiation, Player
from alpharl_bench.games.kuhn import exploitability, information_sets, nash_player
from alpharl_bench.games.match import random_player
from alpharl_bench.games.negotiation import trader
from alpharl_bench.grading import Mark
from alpharl_bench.library_logging import no_bars
from alpharl_bench.scoring.catalogue import FOLDER
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.scoring.score import Asked, KuhnPolicy, Responses

with requiring("score"):
    from lm_eval.api.instance import Instance


@dataclass(frozen=True)
class Opposition:
    """A game and the fixed player that a model plays it against."""

    game: type[KuhnPoker | Negotiation]
    player: Player


OPPOSITIONS = {
    "kuhn-nash": Opposition(KuhnPoker, nash_player),
    "kuhn-uniform": Opposition(KuhnPoker, random_player),
    "negotiation-trader": Opposition(Negotiation, trader),
}


@dataclass
class _Table:
    """One match of a model, which sits on the side ``seat``, against a fixed player.

    ``task``, ``number`` and ``seed`` fix the deal, the seat and the opponent's luck: they are the
    question, and the model's own moves the response.
    """

    task: str
    number: int
    seed: int
    match: Match = field(init=False)
    seat: int = field(init=False)

    def __post_init__(self) -> None:
        opposition = OPPOSITIONS[self.task]
        self._luck = np.random.default_rng([self.seed, zlib.crc32(self.task.encode()), self.number])
        self._player = opposition.player
        self.match = opposition.game(int(self._luck.integers(2**31)))
        self.seat = self.number % 2
        self._answer()

    @property
    def question(self) -> str:
        """The id of what is asked."""
        return f"{self.task}/{self.number}"

    @property
    def mark(self) -> Mark:
        """Won, not won, or lost by a forbidden move."""
        if self.match.illegal == self.seat:
            return Mark.NO_ANSWER
        return Mark.RIGHT if self.match.payoffs[self.seat] > 0 else Mark.WRONG

    @property
    def payoff(self) -> str:
        """What the match paid to the model, as text."""
        return f"{self.match.payoffs[self.seat]:+g}"

    def act(self, text: str) -> None:
        """Make the model's move, and the opponent's behind it."""
        self.match.act(text)
        self._answer()

    def _answer(self) -> None:
        while not self.match.over and self.match.player != self.seat:
            self.match.act(self._player(self.match, self._luck))


class Matches:
    """The matches that a sampling asks for; a question is a match, sampled as often as asked.

    The model alternates between both sides. All matches of all tasks go on in lock step, one move
    at a time, so that an engine gets every move of a round together.

    Args:
        sampling: the sampling of tasks that are games.
    """

    def __init__(self, sampling: Sampling) -> None:
        if sampling.questions is None:
            raise ValueError("there is no end of matches: say how many")
        first = sampling.questions if sampling.split == "validation" else 0
        self._sampling, self._matches = sampling, range(first, first + sampling.questions)
        nano = yaml.safe_load((FOLDER / "_nano.yaml").read_text(encoding="utf-8"))
        changed = {"temperature": sampling.temperature, "max_gen_toks": sampling.max_tokens}
        self._settings = nano["generation_kwargs"] | {
            name: value for name, value in changed.items() if value is not None
        }

    @property
    def max_tokens(self) -> int:
        """The longest response that is allowed."""
        return int(self._settings["max_gen_toks"])

    def limit(self, tokens: int) -> None:
        """Allow no response to be longer."""
        self._settings["max_gen_toks"] = min(tokens, self.max_tokens)

    def prompts(self) -> Iterator[tuple[str, str]]:
        """The longest prompt of every task, with its name."""
        for task in self._sampling.tasks:
            yield task, OPPOSITIONS[task].game.longest_prompt

    def ask(self, lm: Any, *, chat: bool) -> Asked:
        """Play all matches to their end, and read the policy where one of the games is poker."""
        tables = [
            _Table(task, number, self._sampling.seed)
            for task in self._sampling.tasks
            for number in self._matches
            for _ in range(self._sampling.samples)
        ]
        while running := [table for table in tables if not table.match.over]:
            moves = self._moves(
                lm, [_put(lm, table.match.prompt(), chat=chat) for table in running]
            )
            for table, text in zip(running, moves, strict=True):
                table.act(text)
        poker = any(OPPOSITIONS[task].game is KuhnPoker for task in self._sampling.tasks)
        return Asked(_responses(tables), kuhn_policy(lm, chat=chat) if poker else None)

    def _moves(self, lm: Any, prompts: Sequence[str]) -> list[str]:
        requests = [
            Instance("generate_until", {}, (prompt, dict(self._settings)), number)
            for number, prompt in enumerate(prompts)
        ]
        with no_bars():
            moves: list[str] = lm.generate_until(requests)
        return moves


def kuhn_policy(lm: Any, *, chat: bool) -> KuhnPolicy:
    """How a model plays Kuhn Poker at temperature 1, without sampling.

    The probability of a move is that of its text and the end token behind it, as the tokenizer
    writes it; what is left over beside the two legal moves counts as off the rules.

    Args:
        lm: lm-eval's model, of either engine.
        chat: whether it is asked in its chat template.
    """
    known = information_sets()
    requests = []
    for asked in known:
        prompt = _put(lm, asked.prompt, chat=chat)
        for move in asked.moves:
            end = [*lm.tok_encode(move, add_special_tokens=False), lm.eot_token_id]
            requests.append(((prompt, move), lm.tok_encode(prompt), end))
    with no_bars():
        # lm-eval would move the line break behind a chat prompt into the move.
        found = lm._loglikelihood_tokens(requests)  # noqa: SLF001
    logarithms = np.array([logarithm for logarithm, _ in found]).reshape(len(known), 2)
    active = expit(logarithms[:, 1] - logarithms[:, 0]).tolist()
    off_rules = np.maximum(0, 1 - np.exp(logarithms).sum(axis=1)).tolist()
    keys = [asked.key for asked in known]
    policy = dict(zip(keys, active, strict=True))
    return KuhnPolicy(
        active=policy,
        off_rules=dict(zip(keys, off_rules, strict=True)),
        exploitability=exploitability(policy),
    )


def _put(lm: Any, prompt: str, *, chat: bool) -> str:
    if not chat:
        return prompt
    return str(lm.apply_chat_template([{"role": "user", "content": prompt}]))


def _responses(tables: Sequence[_Table]) -> dict[str, dict[str, Responses]]:
    by_question: dict[str, dict[str, list[_Table]]] = {}
    for table in tables:
        by_question.setdefault(table.task, {}).setdefault(table.question, []).append(table)
    return {
        task: {
            question: Responses(
                marks="".join(table.mark for table in played),
                answers=tuple(table.payoff for table in played),
            )
            for question, played in asked.items()
        }
        for task, asked in by_question.items()
    }
