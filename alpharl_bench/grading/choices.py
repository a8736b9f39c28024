r"""The letter of the choice that an answer is: ``C``, ``(C)``, ``\text{C}``, ``C) 10 m/s``."""

import re

_OPEN = r"(?:\\[a-z]++\s*+\{|[(\[*\s])*+"
# A letter alone, or a marked one with the text of its choice behind it.
_ALONE = re.compile(
    rf"{_OPEN}(?:(?:option|choice)\s+)?[(\[]?([A-Da-d])[)\]}}.:*\s]*+\Z", re.IGNORECASE
)
_MARKED = re.compile(rf"{_OPEN}([A-Da-d])(?:\*\*|[)\]}}.:])[)\]}}.:*]*(.*)", re.DOTALL)
# Another choice: marked, or the first thing behind a word that joins two.
_FURTHER = re.compile(
    r"[(\[][A-D][)\]]|(?<![A-Za-z])[A-D]\)"
    r"|\A[\s.,;:&/+-]*(?:(?:and|or)\s+|[&/+]\s*)?[(\[]?[A-D](?![A-Za-z'\u2019 ]|\s*[a-z0-9=])"
    r"|\A[\s.,;:]*(?:and|or)\s+[(\[]?[A-D]\b"
)


def letter(answer: str) -> str | None:
    """The letter that the whole answer gives, A to D; None where it gives none, or several.

    ``(A) and (C)`` and ``A. B. C. D.`` are no choice, and a product ``c*t`` is none.
    """
    if found := _ALONE.fullmatch(answer):
        return found[1].upper()
    if (found := _MARKED.fullmatch(answer)) and found[2].strip() and not _FURTHER.search(found[2]):
        return found[1].upper()
    return None
