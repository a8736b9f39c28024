"""Self-play on zero-sum games in text (SPIRAL, arXiv 2506.24119): one model plays both sides."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from pydantic import Field, field_validator
from trl import GRPOConfig, GRPOTrainer

from alpharl_bench.games import GAMES, Match
from alpharl_bench.registry import unknown
from alpharl_bench.training.job import Job, Options

_BASELINES = "baselines.json"


class SelfPlayOptions(Options):
    """``[options]`` of a self-play recipe: names of games, and what is left of a baseline."""

    games: tuple[str, ...] = Field(min_length=1)
    baseline_decay: float = Field(ge=0, lt=1)

    @field_validator("games")
    @classmethod
    def _known(cls, games: tuple[str, ...]) -> tuple[str, ...]:
        for name in games:
            if name not in GAMES:
                raise ValueError(unknown("game", name, GAMES))
        return games


def build(job: Job) -> "SelfPlayTrainer":
    """The trainer of a self-play recipe.

    Raises:
        AlphaRLBenchError: its config does not fit TRL's, or an option is wrong.
    """
    options = job.options(SelfPlayOptions)
    return SelfPlayTrainer(
        options.games,
        options.baseline_decay,
        model=job.model(),
        args=job.arguments(GRPOConfig),
        processing_class=job.tokenizer(),
    )


class RoleBaselines:
    """Role-conditioned advantages: what a player's payoff is beyond what its role usually gets.

    A baseline per game and role, the exponential moving average of the payoffs of matches, from 0.
    It is taken before the match that it is compared with enters it, as in the authors' code.

    Args:
        games: their names.
        decay: the weight of the previous average after one more match; 0.95 in the authors' code.
    """

    def __init__(self, games: Iterable[str], decay: float) -> None:
        self._decay = decay
        self.values: dict[str, list[float]] = {game: [0.0, 0.0] for game in games}

    def advantages(self, game: str, payoffs: tuple[float, float]) -> tuple[float, float]:
        """Both players' advantages in a match, which then enters the baselines."""
        first, second = before = self.values[game]
        self.values[game] = [
            self._decay * baseline + (1 - self._decay) * payoff
            for baseline, payoff in zip(before, payoffs, strict=True)
        ]
        return payoffs[0] - first, payoffs[1] - second


@dataclass(frozen=True)
class Turn:
    """One response in a finished match: whose it was, in tokens, and what its player got."""

    player: int
    prompt_ids: list[int]
    completion_ids: list[int]
    payoff: float = 0.0
    advantage: float = 0.0


@dataclass
class _Table:
    """A match with the turns that were played in it."""

    game: str
    match: Match
    turns: list[Turn] = field(default_factory=list)

    @property
    def payoffs(self) -> tuple[float, float]:
        """Those of the match in units that all games share, −1 … 1."""
        first, second = self.match.payoffs
        return first / self.match.scale, second / self.match.scale


class SelfPlayTrainer(GRPOTrainer):
    """TRL's GRPO with matches in place of prompts and role-conditioned advantages.

    Every batch is shared out evenly among the games. So many matches are played to their end, in
    lock step, that their turns fill it; of those that are too many some are left out at random.
    Each turn has the advantage of its player in its match; the loss is what ``loss_type`` says.
    Deals follow from the seed and the step, moves from torch's generator. TRL's groups and the
    advantages that it makes of them are not used.

    Logged beside TRL's figures: the share of turns that were forbidden moves, and for each
    game how often the first player won and its mean payoff (both players are the same model).

    Args:
        games: names of :data:`~alpharl_bench.games.GAMES`.
        decay: the decay of the baselines.
        settings: the settings of :class:`trl.GRPOTrainer`.
    """

    def __init__(self, games: Sequence[str], decay: float, **settings: Any) -> None:
        self.baselines = RoleBaselines(games, decay)
        self._advantages = torch.empty(0)
        super().__init__(
            reward_funcs=[payoffs_as_rewards],
            # TRL wants prompts; a rollout deals its own.
            train_dataset=Dataset.from_list(
                [{"prompt": ""}] * settings["args"].generation_batch_size
            ),
            **settings,
        )
        self.rollout_func = self._rollout

    def _rollout(self, prompts: list[str], _trainer: GRPOTrainer) -> dict[str, Any]:
        """As many turns as TRL has prompts, in the form of its ``rollout_func``."""
        turns = self._turns(len(prompts))
        self._advantages = torch.tensor([turn.advantage for turn in turns])
        return {
            "prompt_ids": [turn.prompt_ids for turn in turns],
            "completion_ids": [turn.completion_ids for turn in turns],
            "logprobs": None,
            "payoff": [turn.payoff for turn in turns],
        }

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super()._generate_and_score_completions(inputs)
        batch["advantages"] = self._advantages.to(batch["advantages"])
        return batch

    def _turns(self, wanted: int) -> list[Turn]:
        rng = np.random.default_rng([self.args.seed, self.state.global_step])
        shares = _shared(wanted, list(self.baselines.values))
        turns: dict[str, list[Turn]] = {game: [] for game in shares}
        tables: list[_Table] = []
        while dealt := [
            _Table(game, GAMES[game](int(rng.integers(2**31))))
            for game, share in shares.items()
            for _ in range(_matches(share - len(turns[game]), GAMES[game].turns))
        ]:
            self._play(dealt)
            for table in dealt:
                turns[table.game] += self._judged(table)
            tables += dealt
        self._log_matches(tables)
        return [
            turns[game][i]
            for game, share in shares.items()
            for i in sorted(rng.permutation(len(turns[game]))[:share])
        ]

    def _play(self, tables: Sequence[_Table]) -> None:
        while running := [table for table in tables if not table.match.over]:
            prompts = [self._put(table.match.prompt()) for table in running]
            prompt_ids, _, _ = self._tokenize_prompts(prompts)
            completion_ids, _ = self._generate_single_turn(prompt_ids, None, {}, 1)
            texts = self.processing_class.batch_decode(completion_ids, skip_special_tokens=True)
            for table, asked, told, text in zip(
                running, prompt_ids, completion_ids, texts, strict=True
            ):
                table.turns.append(Turn(table.match.player, asked, told))
                table.match.act(text)

    def _put(self, prompt: str) -> str | list[dict[str, str]]:
        if self.processing_class.chat_template is None:
            return prompt
        return [{"role": "user", "content": prompt}]

    def _judged(self, table: _Table) -> list[Turn]:
        advantages = self.baselines.advantages(table.game, table.payoffs)
        return [
            Turn(
                turn.player,
                turn.prompt_ids,
                turn.completion_ids,
                table.payoffs[turn.player],
                advantages[turn.player],
            )
            for turn in table.turns
        ]

    def _log_matches(self, tables: Sequence[_Table]) -> None:
        figures = self._metrics["train"]
        forbidden = [table.match.illegal is not None for table in tables]
        figures["forbidden_moves"].append(sum(forbidden) / sum(len(t.turns) for t in tables))
        for game in self.baselines.values:
            payoffs = [table.payoffs[0] for table in tables if table.game == game]
            figures[f"{game}/first_player_wins"].append(float(np.mean(np.array(payoffs) > 0)))
            figures[f"{game}/first_player_payoff"].append(float(np.mean(payoffs)))

    # Baselines are saved and loaded with the optimizer: before trainer_state.json, which says that
    # a checkpoint is whole, and so that a resumed run goes on with the same advantages.
    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        super()._save_optimizer_and_scheduler(output_dir)
        (Path(output_dir) / _BASELINES).write_text(json.dumps(self.baselines.values))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None:
            self.baselines.values = json.loads((Path(checkpoint) / _BASELINES).read_text())


def payoffs_as_rewards(completions: list[Any], payoff: list[float], **_: Any) -> list[float]:
    """TRL's reward of a turn, which it logs: the payoff of the turn's player."""
    del completions
    return payoff


def _shared(wanted: int, games: Sequence[str]) -> dict[str, int]:
    """How many turns of each game make a batch."""
    each, rest = divmod(wanted, len(games))
    return {game: each + (i < rest) for i, game in enumerate(games)}


def _matches(turns: int, least: int) -> int:
    """How many matches have that many turns, even where forbidden moves cut some of them short.

    A second round of matches takes as long as the first, whatever their number: a quarter more
    than legal play needs mostly saves it.
    """
    return max(0, -(-5 * turns // (4 * least)))
