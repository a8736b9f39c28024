"""What an answer that is written as an equation says: ``x = 5`` says 5, ``x^2 = 5`` does not."""

import re

from alpharl_bench.grading.scanning import split

_EQUALS = re.compile(r"(?<![<>!:=\\])[:=]?=")
_APPROXIMATELY = re.compile(r"\\approx(?![A-Za-z])|\\simeq(?![A-Za-z])")
_AND = r"(?:\\text\s*\{\s*(?:and|or)\s*\}|\\(?:land|lor|wedge|vee)(?![A-Za-z])|\b(?:and|or)\b)"
_LIST = re.compile(
    rf"(?:(?<![0-9]),|,(?![0-9]{{3}}(?![0-9]))|;)\s*(?:\\[ ,;:]|\\q?quad(?![A-Za-z])|~|{_AND})?"
    rf"|{_AND}"
)

# A letter, a Greek letter, or a word that is no product of two letters.
_WORD = (
    r"(?:\\(?:text|mathrm|mathbf|mathit|mbox|operatorname|vec|hat|bar|overline|widehat)\s*"
    r"\{[^{}=]{1,60}\}"
    r"|\\(?!sqrt|frac|sin|cos|tan|log|ln|exp)[A-Za-z]{2,10}|(?![a-z]{2}(?![A-Za-z]))[A-Za-z]{1,20})"
)
_INDEX = r"(?:\s*_\s*(?:\{[^{}=]{1,20}\}|\\[A-Za-z]{1,10}|[A-Za-z0-9]))?"
_PRIMES = r"(?:'{1,3}|\s*\^\s*(?:\{\s*(?:\\prime\s*){1,3}\}|\\prime|\*))?"
_ARGUMENTS = r"(?:\s*(?:\\left)?\([^()=]{1,40}(?:=[^()=]{1,20})?\))?"
_NAME = re.compile(
    rf"(?:m?\s*\\(?:angle|triangle|Delta)\s*)?{_WORD}{_INDEX}{_PRIMES}{_ARGUMENTS}"
    r"|[A-Za-z]{2,20}(?: [A-Za-z]{2,20}){1,6}"
    r"|(?:\||\\lvert\s*)[A-Z]{2,4}(?:\||\s*\\rvert)|\[[A-Z]{3,6}\]"
)
_NAMES = re.compile(r"(?:\\left)?\((.*?)(?:\\right)?\)")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_LETTER = re.compile(r"[A-Za-df-hj-z]")


def has_equation(text: str) -> bool:
    """Whether an equality sign stands in no brackets."""
    return len(split(text, _EQUALS)) > 1


def alternatives(answer: str, gold: str) -> list[list[str]]:
    r"""What an answer says: lists of texts. It is right if all of some list are the gold answer.

    A name that is given a value says the value. Numbers that are set equal have to be the gold
    answer each, what holds letters between a name and its value is not looked at:
    ``S = \pi r^2 = 4\pi``. An approximation is the one side or the other. Several names with
    values are put in the order of their names: ``y = 1, x = 2`` is (2, 1).

    Args:
        answer: at most some hundred characters.
        gold: the gold answer. An equation is compared as one.
    """
    if has_equation(gold):
        return [[answer]]
    parts = [split(part, _EQUALS) for part in split(answer, _LIST)]
    if len(parts) > 1 and any(len(part) > 1 for part in parts):
        listed = _listed(parts, gold)
        return [] if listed is None else [[listed]]
    sides = [split(side, _EQUALS) for side in split(answer, _APPROXIMATELY)]
    if len(sides) > 1:
        sides = [side for side in sides if not (len(side) == 1 and _NAME.fullmatch(side[0]))]
    return [_stated(side) for side in sides]


def value(equation: str) -> str | None:
    """The value of a single name, or of several as a tuple; None where it is no such equation."""
    parts = [split(part, _EQUALS) for part in split(equation, _LIST)]
    if len(parts) > 1:
        return _listed(parts, "(") if all(len(part) == 2 for part in parts) else None
    (sides,) = parts
    return sides[1] if len(sides) == 2 and _NAME.fullmatch(sides[0]) else None


def _stated(sides: list[str]) -> list[str]:
    first, *rest = sides
    if not rest:
        return sides
    if _NAME.fullmatch(first):
        return [side for side in rest[:-1] if not _has_letters(side)] + rest[-1:]
    names = _NAMES.fullmatch(first)
    values = _NAMES.fullmatch(rest[0])
    if names and values and len(rest) == 1:
        listed = [
            [name, value]
            for name, value in zip(split(names[1], _LIST), split(values[1], _LIST), strict=False)
        ]
        ordered = _listed(listed, "(") if len(listed) > 1 else None
        return sides if ordered is None else [ordered]
    return sides


def _listed(parts: list[list[str]], gold: str) -> str | None:
    """Values of names as a list, as a tuple where the gold answer is one; None if it is neither."""
    first, *others = parts
    if not _NAME.fullmatch(first[0]):
        return None
    if all(len(part) == 1 for part in others) and len(first) == 2:
        return ", ".join([first[1], *(part[0] for part in others)])
    if any(len(part) != 2 or not _NAME.fullmatch(part[0]) for part in parts):
        return None
    names = {name for name, _ in parts}
    if len(names) == 1:
        return ", ".join(value for _, value in parts)
    if len(names) < len(parts):
        return None
    text = ", ".join(value for _, value in sorted(parts))
    return f"({text})" if gold.removeprefix(r"\left").startswith("(") else text


def _has_letters(text: str) -> bool:
    return _LETTER.search(_COMMAND.sub("", text)) is not None
