"""GRPO and RLOO in which the responses to one prompt share its keys and values.

A prompt is read once instead of once for every response, both when responses are sampled and when
they are trained on.
"""

from collections.abc import Sequence
from typing import Any

import torch
from trl import GRPOTrainer, RLOOTrainer
from trl.models import unwrap_model_for_generation
from trl.trainer.utils import pad

from alpharl_bench.generation import savings
from alpharl_bench.shared_prompts import positions, read_once


class _Shared:
    """The parts of TRL's trainers in which a prompt is read.

    What they compute is what TRL's do, but for the order of sums: gradients flow through the shared
    keys and values into the prompt's tokens, whose share of the work falls by the size of a group.
    Of text models at temperature 1 alone.
    """

    model_wrapped: Any
    accelerator: Any
    generation_config: Any
    generation_kwargs: Any
    eos_token_ids: Any
    _tokenizer: Any

    def _responses(self, prompt_ids: Sequence[Sequence[int]]) -> list[list[int]]:
        """A response to each prompt, its end token with it."""
        ids, mask = self._padded(prompt_ids)
        with (
            unwrap_model_for_generation(
                self.model_wrapped, self.accelerator, generation_kwargs=self.generation_kwargs
            ) as model,
            torch.no_grad(),
        ):
            drawn = model.generate(
                input_ids=ids,
                attention_mask=mask,
                generation_config=self.generation_config,
                **savings(model, ids, mask),
            )
        ends = set(self.eos_token_ids)
        return [_to_the_end(row, ends) for row in drawn[:, ids.shape[1] :].tolist()]

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        *_: Any,
        compute_entropy: bool = False,
        **__: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, None]:
        split = input_ids.shape[1] - logits_to_keep
        cache, first = read_once(model, input_ids[:, :split], attention_mask[:, :split])
        responses = input_ids[:, split:]
        later = model(
            input_ids=responses[:, :-1],
            attention_mask=attention_mask[:, :-1],
            position_ids=positions(attention_mask)[:, split:-1],
            past_key_values=cache,
        ).logits
        chances = torch.log_softmax(torch.cat([first, later], dim=1).float(), dim=-1)
        logps = chances.gather(-1, responses.unsqueeze(-1)).squeeze(-1)
        entropies = None
        if compute_entropy:
            with torch.no_grad():
                entropies = -(chances.exp() * chances).sum(dim=-1)
        return logps, entropies, None

    def _padded(self, prompt_ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        rows = [torch.tensor(ids) for ids in prompt_ids]
        device = self.accelerator.device
        ids = pad(rows, padding_value=self._tokenizer.pad_token_id, padding_side="left")
        mask = pad([torch.ones_like(row) for row in rows], padding_value=0, padding_side="left")
        return ids.to(device), mask.to(device)


class SharedPrompts(_Shared, GRPOTrainer):
    """GRPO's trainer for short responses to prompts that are longer than they are."""

    def _generate_single_turn(
        self, prompt_ids: Sequence[Sequence[int]], *_: Any, **__: Any
    ) -> tuple[list[list[int]], None]:
        return self._responses(prompt_ids), None


class SharedPromptsRLOO(_Shared, RLOOTrainer):
    """RLOO's trainer for the same."""

    def _generate_single_turn(
        self, prompt_ids: Sequence[Sequence[int]], *_: Any
    ) -> list[list[int]]:
        return self._responses(prompt_ids)


def _to_the_end(ids: list[int], ends: set[int]) -> list[int]:
    """The tokens up to the first one that ends a response, which is kept."""
    for place, token in enumerate(ids):
        if token in ends:
            return ids[: place + 1]
    return ids
