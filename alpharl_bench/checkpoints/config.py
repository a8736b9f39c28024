"""``config.json`` of a model, as far as it is read here, and what transformers makes of a folder.

transformers reads what lies beside the weights without a bound, and asks whether code of the folder
may run. Whoever loads something of a user's model by it does so here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter

from alpharl_bench.errors import AlphaRLBenchError, reason_of
from alpharl_bench.limits import CONFIG_BYTES, TOKENIZER_BYTES
from alpharl_bench.untrusted import read_json, require_readable

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

CONFIG = "config.json"
# Any of them holds a vocabulary.
_VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
#: What transformers reads as a whole, and how large it may be.
_BESIDE = {
    "*config.json": CONFIG_BYTES,
    "special_tokens_map.json": CONFIG_BYTES,
    "added_tokens.json": CONFIG_BYTES,
    "chat_template.*": CONFIG_BYTES,
    "additional_chat_templates/*": CONFIG_BYTES,
    "tokenizer.json": TOKENIZER_BYTES,
    "vocab.json": TOKENIZER_BYTES,
    "vocab.txt": TOKENIZER_BYTES,
    "merges.txt": TOKENIZER_BYTES,
    "*.model": TOKENIZER_BYTES,
    "*.tiktoken": TOKENIZER_BYTES,
}


class ModelConfig(BaseModel):
    """The part of a model's config that is read; all of it may be missing."""

    model_type: str | None = None
    architectures: list[str] | None = None
    tie_word_embeddings: bool | None = None


_CONFIG = TypeAdapter(ModelConfig)


def read_config(folder: Path) -> ModelConfig:
    """The config of a model's folder.

    Raises:
        AlphaRLBenchError: it cannot be read, or is no config.
    """
    return read_json(folder / CONFIG, _CONFIG, "the config of a model", CONFIG_BYTES)


def load_config(folder: Path) -> PretrainedConfig:
    """The config of a model's folder as transformers has it; no code of the folder runs.

    Raises:
        AlphaRLBenchError: it cannot be read, or transformers does not know such a model.
    """
    # Imported here: it takes seconds.
    from transformers import AutoConfig  # noqa: PLC0415

    require_model_files(folder)
    read_config(folder)
    return _loaded(folder, "config", AutoConfig)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a model's folder; no code of the folder runs.

    Raises:
        AlphaRLBenchError: there is none, or it cannot be read.
    """
    # Imported here: it takes seconds.
    from transformers import AutoTokenizer  # noqa: PLC0415

    require_model_files(folder)
    if not has_tokenizer(folder):
        raise AlphaRLBenchError(f"{folder}: no tokenizer here (one of {', '.join(_VOCABULARIES)})")
    return _loaded(folder, "tokenizer", AutoTokenizer)


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a tokenizer of its own."""
    return any((folder / name).is_file() for name in _VOCABULARIES)


def require_model_files(folder: Path) -> None:
    """Refuse a folder in which transformers would wait for a pipe, or read without an end.

    Raises:
        AlphaRLBenchError: what lies beside the weights is no regular file, or too large.
    """
    for pattern, limit in _BESIDE.items():
        for path in sorted(folder.glob(pattern)):
            require_readable(path, limit)


def _loaded(folder: Path, what: str, kind: Any) -> Any:
    try:
        return kind.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # whatever a damaged file leads to
        raise AlphaRLBenchError(
            f"{folder}: transformers cannot load its {what} ({reason_of(error)})"
        ) from error
