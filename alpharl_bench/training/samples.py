"""Responses sampled from a whole model, once for all runs that train on them."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from alpharl_bench.cache import cache_root, locked, write_whole
from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.device import resolved_device
from alpharl_bench.generation import savings
from alpharl_bench.keys import product_key
from alpharl_bench.progress import progress_bar

_BATCH = 256
#: At temperature 1, of the whole vocabulary.
_SAMPLED = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}


def samples(
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    count: int,
    tokens: int,
    seed: int,
    greedy: bool = False,
) -> list[list[str]]:
    """Responses to each prompt, from the cache where they were drawn before.

    Args:
        folder: the model.
        tokenizer: writes the prompts in its format and says where a response ends; it may be
            another model's, if both have one vocabulary.
        prompts: the questions alone.
        count: responses that are drawn to each prompt.
        tokens: a response's length limit, its end token included.
        seed: the seed of the sampling.
        greedy: whether every token is the likeliest one, in place of samples at temperature 1.

    Returns:
        For each prompt up to ``count`` texts, without the end token. A response that is not ended
        at its limit is left out.
    """
    key = product_key(
        "teacher samples",
        model=WeightFiles(folder).digest,
        template=tokenizer.chat_template,
        end=tokenizer.eos_token,
        prompts=list(prompts),
        count=count,
        tokens=tokens,
        seed=seed,
        greedy=greedy,
    )
    path = cache_root() / "samples" / f"{folder.name}-{key}.json"
    with locked(path):
        if not path.is_file():
            drawn = _draw(folder, tokenizer, prompts, count, tokens, seed, greedy)
            write_whole(path, json.dumps(drawn))
    kept: list[list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _draw(
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    count: int,
    tokens: int,
    seed: int,
    greedy: bool,
) -> list[list[str]]:
    device = resolved_device("auto")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device)
    texts = [_prompt_text(tokenizer, prompt) for prompt in prompts for _ in range(count)]
    responses: list[str | None] = []
    bar = progress_bar(f"sample {folder.name}", len(texts), "response")
    with bar, torch.random.fork_rng():
        torch.manual_seed(seed)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            responses += _responses(model, tokenizer, batch, tokens, greedy)
            bar.update(len(batch))
    return [
        [text for text in responses[i : i + count] if text is not None]
        for i in range(0, len(responses), count)
    ]


@torch.no_grad()
def _responses(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: list[str],
    tokens: int,
    greedy: bool,
) -> list[str | None]:
    asked = tokenizer(
        texts, add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt"
    ).to(model.device)
    drawn = model.generate(
        **asked,
        **savings(model, asked["input_ids"], asked["attention_mask"]),
        **({"do_sample": False} if greedy else _SAMPLED),
        max_new_tokens=tokens,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )[:, asked["input_ids"].shape[1] :]
    return [
        tokenizer.decode(ids[: ids.index(tokenizer.eos_token_id)], skip_special_tokens=True)
        if tokenizer.eos_token_id in ids
        else None
        for ids in drawn.tolist()
    ]


def _prompt_text(tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    if tokenizer.chat_template is None:
        return prompt
    turn = [{"role": "user", "content": prompt}]
    return str(tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))
