"""What model folders say beside their weights: end tokens, tokenizer, chat template, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from alpharl_bench.checkpoints.config import (
    CONFIG,
    has_tokenizer,
    load_config,
    load_tokenizer,
)
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.limits import CONFIG_BYTES
from alpharl_bench.untrusted import read_json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

GENERATION_CONFIG = "generation_config.json"
_OBJECT = TypeAdapter(dict[str, Any])
# Of a model's config: what is no part of its arithmetic, or is told elsewhere.
_NO_ARITHMETIC = frozenset(
    {
        *("_name_or_path", "architectures", "auto_map", "chunk_size_feed_forward", "dtype"),
        *("id2label", "label2id", "output_attentions", "output_hidden_states", "problem_type"),
        *("return_dict", "tie_word_embeddings", "torch_dtype", "transformers_version"),
        *("use_cache", "vocab_size", "bos_token_id", "eos_token_id", "pad_token_id"),
    }
)
# Of a generation config: what is no option of sampling.
_NO_SAMPLING = frozenset(
    {
        *("_from_model_config", "transformers_version", "use_cache", "return_dict_in_generate"),
        *("output_attentions", "output_hidden_states", "output_scores", "output_logits"),
        *("bos_token_id", "eos_token_id", "pad_token_id"),
    }
)


def end_tokens(folder: Path) -> frozenset[int]:
    """The tokens that end a response, as config, generation config and tokenizer name them.

    Raises:
        AlphaRLBenchError: one of the files is damaged, or names what is no token.
    """
    found: set[int] = set()
    for name in (CONFIG, GENERATION_CONFIG):
        content = _json(folder / name)
        text = content.get("text_config")
        for part in (content, text if isinstance(text, dict) else {}):
            found |= _tokens(part.get("eos_token_id"), folder / name)
    if has_tokenizer(folder):
        found |= _tokens(load_tokenizer(folder).eos_token_id, folder)
    return frozenset(found)


def vocabulary_size(folder: Path) -> int:
    """The rows of a model's embeddings, as its config has them.

    Raises:
        AlphaRLBenchError: the config is damaged, or unknown to transformers.
    """
    return int(load_config(folder).get_text_config().vocab_size)


def config_notes(base: Path, checkpoint: Path) -> list[str]:
    """What base and checkpoint say differently, and which of it counts; a line each.

    Args:
        base: the folder of the base.
        checkpoint: the folder of a checkpoint of it; what is not there is the base's.

    Raises:
        AlphaRLBenchError: a file of them is damaged.
    """
    lines = [line for folder in dict.fromkeys((base, checkpoint)) for line in _ignored(folder)]
    lines += _arithmetic(base, checkpoint)
    ends, others = end_tokens(base), end_tokens(checkpoint)
    if others and others != ends:
        lines.append(
            f"{checkpoint}: responses end with the tokens {_listed(others)}, the base's with "
            f"{_listed(ends)}: every variant ends with any of them"
        )
    if not (has_tokenizer(base) and has_tokenizer(checkpoint)):
        return lines
    own, other = load_tokenizer(base), load_tokenizer(checkpoint)
    chosen = (
        "the base's: --tokenizer base (the default) asks every variant with the base's, "
        "--tokenizer checkpoint with that of the final checkpoint"
    )
    if difference := _tokenizers_differ(own, other):
        lines.append(f"{checkpoint}: the tokenizer {difference}, unlike {chosen}")
    if own.chat_template != other.chat_template:
        lines.append(f"{checkpoint}: the chat template is not {chosen}")
    return lines


def _ignored(folder: Path) -> list[str]:
    """The options of sampling that a folder asks for; none of them is used."""
    asked = {
        name: value
        for name, value in _json(folder / GENERATION_CONFIG).items()
        if name not in _NO_SAMPLING and value is not None
    }
    if not asked:
        return []
    listed = ", ".join(f"{name}={json.dumps(value)[:40]}" for name, value in sorted(asked.items()))
    return [f"{folder / GENERATION_CONFIG}: not used: {listed}; every variant is sampled as asked"]


def _arithmetic(base: Path, checkpoint: Path) -> list[str]:
    """The settings of the model in which a checkpoint differs: variants are run by the base's."""
    if not (checkpoint / CONFIG).is_file():
        return []
    own, other = _settings(base), _settings(checkpoint)
    return [
        f"{checkpoint / CONFIG}: {name} is {json.dumps(other.get(name))[:60]}, in the base "
        f"{json.dumps(own.get(name))[:60]}: every variant is run with the base's"
        for name in sorted(own.keys() | other.keys())
        if name not in _NO_ARITHMETIC and own.get(name) != other.get(name)
    ]


def _settings(folder: Path) -> dict[str, Any]:
    """A config with all defaults, as versions of transformers leave out and rename fields."""
    settings: dict[str, Any] = load_config(folder).to_dict()
    return settings


def _tokenizers_differ(base: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> str:
    """How a tokenizer differs from the base's; empty where both give the same tokens."""
    known, there = base.get_vocab(), other.get_vocab()
    changed = [text for text in known.keys() | there.keys() if known.get(text) != there.get(text)]
    if changed:
        return f"has another vocabulary ({len(changed)} of {len(there)} tokens)"
    if _rules(base) != _rules(other):
        return "splits text by other rules"
    return ""


def _rules(tokenizer: PreTrainedTokenizerBase) -> Mapping[str, Any]:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return {"class": type(tokenizer).__name__}
    rules: dict[str, Any] = json.loads(backend.to_str())
    # A trainer's settings of its batches; every engine has its own.
    return {name: rule for name, rule in rules.items() if name not in {"padding", "truncation"}}


def _tokens(named: Any, where: Path) -> set[int]:
    if named is None:
        return set()
    tokens = named if isinstance(named, list) else [named]
    odd = [token for token in tokens if type(token) is not int or token < 0]
    if odd:
        raise AlphaRLBenchError(f"{where}: eos_token_id {odd[0]!r} is no token")
    return set(tokens)


def _json(path: Path) -> dict[str, Any]:
    """The object in a file; an empty one where there is no file."""
    return read_json(path, _OBJECT, "a JSON object", CONFIG_BYTES) if path.exists() else {}


def _listed(tokens: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(tokens))) or "none"
