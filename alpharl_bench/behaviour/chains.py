"""Chains of thought: what a loaded model answers, token by token."""

from collections.abc import Collection, Sequence

import torch
from pydantic.dataclasses import dataclass
from transformers import LogitsProcessor, LogitsProcessorList, PreTrainedModel

from alpharl_bench.batches import batches
from alpharl_bench.grading import Mark


@dataclass(frozen=True)
class Chain:
    """A response: its tokens, with the end token if it came to that, its text, what it is worth.

    ``answer`` is the final answer in the form in which it votes, None where there is none.
    """

    tokens: tuple[int, ...]
    text: str
    mark: Mark
    answer: str | None


class _Gumbel(LogitsProcessor):
    """Makes of the greedy choice a sample: noise that follows from each sequence's own seed.

    argmax(logits/T + Gumbel noise) is distributed as softmax(logits/T). Which sequences share a
    batch changes nothing.
    """

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._temperature = temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        uniform = torch.stack(
            [
                torch.rand(scores.shape[1], generator=g, dtype=torch.float64)
                for g in self._generators
            ]
        )
        noise = -(-uniform.clamp_min(1e-300).log()).log()
        return scores.float() / self._temperature + noise.to(scores.device, torch.float32)


@torch.no_grad()
def generate(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    rooms: Sequence[int],
    stops: Collection[int],
    batch_size: int,
    *,
    temperature: float = 0.0,
    seeds: Sequence[int] = (),
) -> list[list[int]]:
    """Continue token sequences; the batch changes nothing but rounding.

    Args:
        model: a causal language model.
        prompts: the tokens that are given, at least one each.
        rooms: the maximum number of generated tokens of each, at least one.
        stops: tokens that end a continuation, the end token among them.
        batch_size: sequences at a time.
        temperature: the temperature of sampling; 0 is greedy.
        seeds: one per prompt, for sampling.

    Returns:
        The new tokens of each, the stop with them.
    """
    found: list[list[int]] = [[] for _ in prompts]
    pad = min(stops)
    for batch in batches([len(prompt) for prompt in prompts], batch_size):
        length = max(len(prompts[i]) for i in batch)
        missing = [length - len(prompts[i]) for i in batch]
        tokens = [[pad] * n + [*prompts[i]] for n, i in zip(missing, batch, strict=True)]
        seen = [[0] * n + [1] * (length - n) for n in missing]
        noise = [_Gumbel([seeds[i] for i in batch], temperature)] if temperature else []
        output = model.generate(
            input_ids=torch.tensor(tokens, device=model.device),
            attention_mask=torch.tensor(seen, device=model.device),
            max_new_tokens=max(rooms[i] for i in batch),
            do_sample=False,
            # What a model's own configuration may ask for beside: it would not be greedy then.
            repetition_penalty=1.0,
            eos_token_id=sorted(stops),
            pad_token_id=pad,
            logits_processor=LogitsProcessorList(noise),
        )
        for i, row in zip(batch, output[:, length:].tolist(), strict=True):
            found[i] = _ended(row[: rooms[i]], stops)
    return found


def _ended(tokens: list[int], stops: Collection[int]) -> list[int]:
    """Up to the first stop, with it."""
    end = next((n for n, token in enumerate(tokens, 1) if token in stops), len(tokens))
    return tokens[:end]
