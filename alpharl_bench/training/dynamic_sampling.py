"""Dynamic sampling of DAPO (arXiv 2503.14476, §3.2): only groups with a contrast are trained on."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from trl import GRPOTrainer

#: A row of the dataset; a group is one row as often as there are responses to it.
Row = dict[str, Any]


@dataclass(frozen=True)
class _Group:
    """The responses to one prompt.

    ``generated`` holds what ``GRPOTrainer._generate`` gives for each of them: the ids of prompt and
    completion, and the completion itself. ``rewards`` is (responses, reward functions).
    """

    rows: list[Row]
    generated: list[tuple[list[int], list[int], Any]]
    rewards: torch.Tensor

    @property
    def has_contrast(self) -> bool:
        """Whether some responses are correct and others are not, by the first reward function.

        Of correctness alone: a group may not count because one response is longer than another.
        """
        return bool(self.rewards[:, 0].min() < self.rewards[:, 0].max())


class DynamicSamplingTrainer(GRPOTrainer):
    """GRPO's trainer on batches in which every group has right and wrong responses.

    Groups without this contrast have no advantage and so no gradient; they are replaced by groups
    of freshly drawn prompts until the batch is full, in at most ``rounds`` rounds. A refill draws
    twice as many groups as are missing, so that one mostly suffices. What is still missing after
    the last round is filled up with groups without a contrast, as DAPO would end in an error.

    The fresh prompts depend on seed and step alone: a resumed run draws the same ones.

    Logs under ``sampling/``: the rounds, the groups that were drawn for each that is trained on,
    the share of drawn groups that have a contrast, and the share of the batch that has none.
    """

    def __init__(self, *args: Any, rounds: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rounds = rounds
        self._chosen: list[_Group] | None = None

    def _generate_and_score_completions(self, inputs: list[Row]) -> dict[str, Any]:
        self._chosen = self._choose(inputs)
        rows = [row for group in self._chosen for row in group.rows]
        try:
            batch: dict[str, Any] = super()._generate_and_score_completions(rows)
        finally:
            self._chosen = None
        return batch

    def _choose(self, inputs: list[Row]) -> list[_Group]:
        wanted = len(inputs) // self.num_generations
        fresh = self._fresh_rows()
        groups: list[_Group] = []
        missing, rounds = wanted, 0
        while missing > 0 and rounds < self._rounds:
            if rounds:
                inputs = [
                    row for _ in range(2 * missing) for row in [next(fresh)] * self.num_generations
                ]
            groups += self._drawn(inputs)
            missing = wanted - sum(group.has_contrast for group in groups)
            rounds += 1
        # A stable sort: in the order in which they were drawn, those without a contrast last.
        chosen = sorted(groups, key=lambda group: not group.has_contrast)[:wanted]
        for name, value in {
            "rounds": rounds,
            "drawn_per_trained": len(groups) / wanted,
            "with_contrast": sum(group.has_contrast for group in groups) / len(groups),
            "unfilled": max(missing, 0) / wanted,
        }.items():
            self._metrics["train"][f"sampling/{name}"].append(float(value))
        return chosen

    def _fresh_rows(self) -> Iterator[Row]:
        rng = np.random.default_rng([self.args.seed, self.state.global_step])
        while True:
            yield self.train_dataset[int(rng.integers(len(self.train_dataset)))]

    def _drawn(self, inputs: list[Row]) -> list[_Group]:
        asked = [row["prompt"] for row in inputs]
        prompt_ids, completion_ids, _, completions, *_ = super()._generate(asked)
        rewards = super()._calculate_rewards(inputs, asked, completions, completion_ids)
        generated = list(zip(prompt_ids, completion_ids, completions, strict=True))
        size = self.num_generations
        spans = [slice(start, start + size) for start in range(0, len(inputs), size)]
        return [_Group(inputs[span], generated[span], rewards[span]) for span in spans]

    # The two steps of GRPOTrainer that are already done for the chosen groups.

    def _generate(self, prompts: list[Any]) -> tuple[Any, ...]:
        if self._chosen is None:
            return tuple(super()._generate(prompts))
        rows = chain.from_iterable(group.generated for group in self._chosen)
        prompt_ids, completion_ids, completions = map(list, zip(*rows, strict=True))
        return prompt_ids, completion_ids, None, completions, None, {}, None, []

    def _calculate_rewards(self, *args: Any) -> torch.Tensor:
        if self._chosen is None:
            return torch.as_tensor(super()._calculate_rewards(*args))
        return torch.cat([group.rewards for group in self._chosen])
