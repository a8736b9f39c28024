"""Brackets in text of others, in time linear in its length."""

import re

_BRACKET = re.compile(r"\\.|[()\[\]{}]", re.DOTALL)
_DEPTH = {"(": 1, "[": 1, "{": 1, r"\{": 1, ")": -1, "]": -1, "}": -1, r"\}": -1}


def closing(text: str, start: int) -> int | None:
    """Where the bracket that opened before ``start`` closes; None where it does not."""
    depth = 1
    for bracket in _BRACKET.finditer(text, start):
        depth += _DEPTH.get(bracket[0], 0)
        if depth == 0:
            return bracket.start()
    return None


def split(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts of a text between separators that stand in no brackets, without spaces around.

    Brackets of any kind close one another: an interval is ``[0, 1)``.
    """
    parts, depth, start, seen = [], 0, 0, 0
    for found in separator.finditer(text):
        for bracket in _BRACKET.finditer(text, seen, found.start()):
            depth += _DEPTH.get(bracket[0], 0)
        seen = found.start()
        if depth == 0:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    return [*parts, text[start:].strip()]
