"""The paper's text as extracted from its HTML, where it lies beside the checkout."""

import re
from collections.abc import Sequence
from pathlib import Path

_TEXT = Path(__file__).parents[3] / "shared" / "paper" / "paper.txt"
#: None where it is not there.
TEXT = _TEXT.read_text(encoding="utf-8") if _TEXT.is_file() else None


def words(text: str) -> str:
    """With single spaces, whatever the lines."""
    return " ".join(text.split())


def cells(text: str) -> list[str]:
    """What stands between bars, without what is empty or only rules, on whatever lines it stands.

    The prose between two tables is one cell.
    """
    found = (words(cell) for cell in text.split("|"))
    return [cell for cell in found if cell and not re.fullmatch(r":?-{3,}:?", cell)]


def holds(text: Sequence[str], table: Sequence[str]) -> bool:
    """Whether the cells of a table stand in the text one after the other, and nothing between."""
    width = len(table)
    return any(
        list(text[start : start + width]) == list(table) for start in range(len(text) - width + 1)
    )


def quoted(text: str, quote: str) -> bool:
    """Whether the parts of a quotation, between ``[…]``, stand in the text in this order."""
    place = 0
    for part in quote.split("[…]"):
        found = words(text).find(words(part), place)
        if found < 0:
            return False
        place = found + len(words(part))
    return True
