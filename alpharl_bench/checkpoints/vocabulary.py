"""Vocabularies of other sizes: what is cropped, what the base's rows stand in for, what is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alpharl_bench.checkpoints.json_files import object_in
from alpharl_bench.checkpoints.modules import is_vocabulary
from alpharl_bench.checkpoints.tensors import Weights


def fits_but_for_tokens(name: str, shape: tuple[int, ...], base: Weights) -> bool:
    """Whether a tensor has another number of tokens than the base's, and is like it otherwise."""
    there = base.shape(name)
    return is_vocabulary(name) and shape[1:] == there[1:] and 0 < shape[0] != there[0]


def size_note(where: Path, name: str, tokens: int, base: Weights) -> str:
    """What becomes of the rows by which a vocabulary differs from the base's."""
    there = base.shape(name)[0]
    done = (
        f"its last {tokens - there} rows are left out"
        if tokens > there
        else f"the base's own {there - tokens} rows stand behind them"
    )
    return f"{where}: '{name}' has {tokens} tokens, the base has {there}: {done}"


def lost_tokens(folder: Path, name: str, tokens: int, base: Weights) -> list[str]:
    """The tokens of a checkpoint's tokenizer for which the base has no row, in one line.

    Padded vocabularies have rows beyond those of the tokenizer: nothing is lost with them.
    """
    there = base.shape(name)[0]
    lost = {number: text for number, text in _tokens(folder) if there <= number < tokens}
    if not lost:
        return []
    first = min(lost)
    line = (
        f"{folder}: its tokenizer has {len(lost)} tokens for which the base {base.folder} has no "
        f"row in '{name}', the first is {lost[first]!r} ({first}): what training learned of them "
        "is left out; resize the base's embeddings to the checkpoint's and give that as --base"
    )
    return [line]


def _tokens(folder: Path) -> Iterator[tuple[int, str]]:
    """(number, text) of every token of a folder's tokenizer, as far as its files can be read."""
    tokenizer = object_in(folder / "tokenizer.json")
    if isinstance(model := tokenizer.get("model"), dict):
        yield from _numbered(model.get("vocab"))
    if isinstance(added := tokenizer.get("added_tokens"), list):
        for token in added:
            if isinstance(token, dict):
                yield from _numbered({token.get("content"): token.get("id")})
    for file in ("vocab.json", "added_tokens.json"):
        yield from _numbered(object_in(folder / file))
    decoder = object_in(folder / "tokenizer_config.json").get("added_tokens_decoder")
    if isinstance(decoder, dict):
        for number, token in decoder.items():
            if number.isdecimal() and isinstance(token, dict):
                yield int(number), str(token.get("content"))


def _numbered(vocabulary: Any) -> Iterator[tuple[int, str]]:
    if isinstance(vocabulary, dict):
        yield from (
            (number, str(text)) for text, number in vocabulary.items() if isinstance(number, int)
        )
    elif isinstance(vocabulary, list):  # of a unigram model: (text, score) in order
        yield from ((number, str(token)) for number, token in enumerate(vocabulary))
