r"""Units and words behind a number: ``5 cm``, ``5\text{ apples}``, ``9.8 \mathrm{~m}/\mathrm{s}``.

They are no part of a value and are not compared. math-verify cuts off any text that a command sets,
with whatever stands between two of them: ``5\text{ ft } 6\text{ in}`` is 5 to it, and
``5\text{ thirds}`` too (not reported upstream).
"""

import re

from alpharl_bench.grading.numbers import SCALE

# Short names of units, and of things that are counted; of longer words any.
_UNITS = (
    "mm|cm|dm|km|nm|um|ft|in|yd|mi|lb|lbs|oz|kg|mg|gm|hr|hrs|min|mins|sec|secs|ms|ns|ps|fs|rad|deg|"
    "mph|kph|kmh|pts?|gal|qt|cal|kcal|Pa|kPa|MPa|GPa|Hz|kHz|MHz|GHz|kJ|MJ|eV|keV|MeV|GeV|kW|MW|kWh|"
    "mV|kV|mA|kN|mol|mL|ml|cc|cL|dL|sq|cu|yrs?|wk|wks|mo|day|men|cup|car|cat|dog|egg|bag|box|pie|"
    "pen|way|boy|girl|cm2|AU|pc|kpc|Mpc|ly|erg|ergs|dyn|USD|EUR|cents?|days|units?|per"
)
_LETTERS = "mgshlLNJWV"
_OPERATORS = {
    *("and", "or", "to", "plus", "minus", "times", "over", "divided", "mod", "squared", "cubed"),
    *("factorial", "if", "when", "unless", "where", "not", "is", "are", "either", "versus", "with"),
    *("hundred", "thousand", "million", "millions", "billion", "billions", "trillion", "thousands"),
    *("hundreds", "halves", "thirds", "fourths", "fifths", "sixths", "sevenths", "eighths"),
    *(
        "ninths",
        "tenths",
        "hundredths",
        "thousandths",
        "percent",
        "cent",
        "infinity",
        "pi",
        "mixed",
    ),
    *("sqrt", "sin", "cos", "tan", "log", "ln", "exp", "half", "third", "quarter", "negative"),
    *("i", "e", "j", "am", "pm"),
}
_POWER = r"(?:\s*\^\s*(?:-?[1-4]|\{\s*-?[1-4]\s*\}))?"
_WORDS = re.compile(r"[A-Za-z]+")

# What ends a text, read from there: one word or one set text at a time.
_DEGREES = re.compile(
    r"(?:\^\s*(?:\\circ|\{\s*\\circ\s*\})|\\(?:degrees?|circ)(?![A-Za-z]))"
    r"(?:\s|~|\\[ ,;:!]){0,3}(?:[CF]|\\(?:text|mathrm)\s*\{\s*[CF]\s*\})?\s*\Z"
)
_SET = re.compile(
    r"(?<![_^\\])(?<![_^]\s)"
    r"\\(?:text|textrm|textit|textbf|mathrm|mathit|mbox|hbox|operatorname|rm|unit)\s*"
    rf"\{{([^{{}}0-9]*)(?:\^\{{?-?[1-4]\}}?)?\}}{_POWER}\s*\Z"
)
_WORD = re.compile(rf"(?<![A-Za-z\\])([A-Za-z]{{2,20}}){_POWER}[.]?\s*\Z")
_LETTER = re.compile(rf"(?<=[0-9}}\s/])([{_LETTERS}]){_POWER}\s*\Z")
_CURRENCY = re.compile(r"(?<=[0-9\s])(?:\\\$|[$€£])\s*\Z")
_ORDINAL = re.compile(
    r"(?<=[0-9])\s*(?:\^\s*)?\{?\s*(?:\\(?:text|mathrm)\s*\{\s*)?(?:st|nd|rd|th)\s*\}{0,2}\s*\Z"
)
_TIME_OF_DAY = re.compile(r"[ap]\.\s?m\.?")
_COUNTED = re.compile(rf"(?:{_UNITS})\Z")
#: Behind what a word is no factor.
_VALUE = re.compile(r"[0-9)}\]]\s*\Z|\\(?:pi|circ|infty)\s*\Z")
#: What stands between a value and its unit, and between units.
_BETWEEN = (" ", "~", r"\,", r"\;", r"\:", r"\!", "\\", "/", "*", r"\cdot", "-")
_MOST = 12


def without_unit(answer: str, *, letters: bool) -> str:
    """The answer without the units and words behind it, as it stands where these mean something.

    Args:
        answer: at most some hundred characters.
        letters: whether a lone letter behind a number may be a unit: ``5 m``. It is a variable
            where the gold answer has letters, whose answers write units as text.
    """
    left = answer
    for _ in range(_MOST):
        shorter = _shorter(left, letters)
        if shorter is None or not shorter.strip():
            break
        left = _bare(shorter)
    # What is left must be able to bear a unit, otherwise the words are a part of the answer.
    bears = _VALUE.search(left) or SCALE.search(left)
    return left if left != answer and bears else answer


def _bare(text: str) -> str:
    while found := next(filter(text.endswith, _BETWEEN), None):
        text = text.removesuffix(found)
    return text


def _shorter(text: str, letters: bool) -> str | None:
    found = _DEGREES.search(text) or _CURRENCY.search(text) or _ORDINAL.search(text)
    if found:
        return text[: found.start()]
    if (found := _SET.search(text)) and _may_follow(found[1]):
        return text[: found.start()]
    if found := _WORD.search(text):
        word, spaced = found[1], text[: found.start(1)][-1:].isspace()
        known = _COUNTED.match(word) is not None
        if word.lower() not in _OPERATORS and (known or (spaced and len(word) > 3)):
            return text[: found.start()]
    if letters and (found := _LETTER.search(text)):
        return text[: found.start()]
    return None


def _may_follow(words: str) -> bool:
    """Whether the text is units or things that are counted."""
    if "=" in words or _TIME_OF_DAY.search(words):
        return False
    return not _OPERATORS & {word.lower() for word in _WORDS.findall(words)}
