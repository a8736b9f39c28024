"""Responses from transformers, without work that changes none of them.

A prompt is read once for all responses to it, and a response that has ended leaves its batch, where
transformers would keep it in every step until the last one has ended.
"""

from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

from alpharl_bench.shared_prompts import can_share, read_once

#: What has a row for every response, beside the cache.
_BY_ROW = ("attention_mask", "position_ids")


def savings(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, Any]:
    """Options of the model's ``generate`` for a batch: the same responses, for less work.

    Args:
        model: a causal language model.
        ids: (rows, tokens), padded on the left.
        mask: 0 where ``ids`` pads.

    Returns:
        Nothing for a model whose state or whose listeners count on every row in every step.
    """
    if not can_share(model):
        return {}
    options: dict[str, Any] = {"custom_generate": leaving}
    # Generation reads the last token itself: it has to begin with something.
    if ids.shape[1] > 1:
        with torch.no_grad():
            options["past_key_values"], _ = read_once(model, ids[:, :-1], mask[:, :-1])
    return options


def leaving(
    model: Any,
    input_ids: torch.Tensor,
    logits_processor: LogitsProcessorList,
    stopping_criteria: StoppingCriteriaList,
    generation_config: GenerationConfig,
    **model_kwargs: Any,
) -> torch.Tensor:
    """The decoding loop of transformers' ``generate``, in which a row leaves when it has ended.

    What is drawn is what transformers draws from the same seed, but for the order of sums: there is
    noise for every row in every step, so that none depends on which others are still there.

    Args:
        model: a causal language model whose cache is one of keys and values.
        input_ids: (rows, tokens).
        logits_processor: sees the rows that are still there alone, and may keep nothing of a row.
        stopping_criteria: see all rows, those that have left padded.
        generation_config: whether tokens are sampled, and the token that pads.
        model_kwargs: cache and mask.

    Returns:
        (rows, tokens) with the new ones, padded behind the end of a row.
    """
    drawn, there = input_ids, torch.arange(len(input_ids), device=input_ids.device)
    noise: torch.Tensor | None = None
    while True:
        unread = drawn.shape[1] - model_kwargs["past_key_values"].get_seq_length()
        asked = model.prepare_inputs_for_generation(
            drawn[there], next_sequence_length=unread, **model_kwargs
        )
        read = model(**asked, return_dict=True)
        scores = logits_processor(drawn[there], read.logits[:, -1].to(torch.float32, copy=True))
        if generation_config.do_sample:
            # As torch.multinomial draws: argmax(p / E), where the E are exponential.
            if noise is None:
                noise = scores.new_empty(len(drawn), scores.shape[1])
            noise.exponential_()
            tokens = (torch.softmax(scores, dim=-1) / noise[there]).argmax(dim=-1)
        else:
            tokens = scores.argmax(dim=-1)
        new = drawn.new_full((len(drawn),), generation_config.pad_token_id or 0)
        new[there] = tokens
        drawn = torch.cat([drawn, new[:, None]], dim=1)
        stay = ~stopping_criteria(drawn, None)[there]
        if not stay.any():
            return drawn
        model_kwargs = model._update_model_kwargs_for_generation(read, model_kwargs)  # noqa: SLF001  (as documented for custom loops)
        if not stay.all():
            there = there[stay]
            _keep(model_kwargs, stay)


def _keep(model_kwargs: dict[str, Any], stay: torch.Tensor) -> None:
    """Forget the other rows."""
    model_kwargs["past_key_values"].batch_select_indices(stay)
    for name in _BY_ROW:
        if model_kwargs.get(name) is not None:
            model_kwargs[name] = model_kwargs[name][stay]
