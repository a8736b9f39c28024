r"""Written numbers and their exact values: ``1,000``, ``11 5/6``, ``0.\overline{3}``, ``50\%``.

math-verify rounds decimals to 6 places and takes all differences below 1e-15 for nothing
(huggingface/Math-Verify#14). What is a number is compared here, by fractions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

#: Decimals agree with what they cannot be equal to, as a third or a root, to this many significant
#: digits, rounded or cut off: 0.333333 is 1/3.
SIGNIFICANT_DIGITS = 6

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)"
_PLAIN = rf"(?:{_DIGITS}(?:\.[0-9]+)?|\.[0-9]+)"
_BAR = r"\\(?:overline|bar|dot)\s*"
_PER_CENT = re.compile(r"(?:\\?%|percent|per cent|\\text\{\s*per ?cent\s*\})\Z")
_CURRENCY = re.compile(r"\A([+-]?)\s*(?:\\?\$|[€£¥₹])\s*")
#: Words for powers of ten and for parts. `5 million` is no 5; a dozen may be what is counted.
_SCALES: dict[str, int | Fraction] = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "halves": Fraction(1, 2),
    "thirds": Fraction(1, 3),
    "fourths": Fraction(1, 4),
    "fifths": Fraction(1, 5),
    "sixths": Fraction(1, 6),
    "sevenths": Fraction(1, 7),
    "eighths": Fraction(1, 8),
    "ninths": Fraction(1, 9),
    "tenths": Fraction(1, 10),
    "hundredths": Fraction(1, 100),
    "thousandths": Fraction(1, 1000),
}
SCALE = re.compile(
    rf"[\s~-]?(?:\\(?:text|mathrm|mbox)\s*\{{[\s~]*({'|'.join(_SCALES)})s?[\s~]*\}}"
    rf"|(?:\\[ ,;:])?({'|'.join(_SCALES)})s?)\s*\Z"
)

_DECIMAL = re.compile(
    rf"([+-]?{_PLAIN})"
    r"(?:\s*(?:\\times|\\cdot|×|\*)\s*10\s*\^\s*(?:\{\s*([+-]?[0-9]{1,3})\s*\}|([0-9])))?"
)
# 11 5/6, 11\frac{5}{6}, 11\frac56, 5/6, \frac{0.5}{3}, with a sign before all of it.
_FRACTION = re.compile(
    rf"([+-]?)(?:({_DIGITS})\s*(?=\\|\s))?\s*(?:(?:\\[dt]?frac\s*(?:"
    rf"\{{\s*([+-]?{_PLAIN})\s*\}}\s*\{{\s*({_PLAIN})\s*\}}|([0-9])\s*([0-9])"
    rf"|\{{\s*([0-9]+)\s*\}}\s*([0-9])|([0-9])\s*\{{\s*([0-9]+)\s*\}}))"
    rf"|({_PLAIN})\s*/\s*({_PLAIN}))"
)
_REPEATING = re.compile(
    rf"([+-]?)([0-9]*)\.([0-9]*)(?:{_BAR}\{{([0-9]+)\}}"
    r"|\(([0-9]+)\)"
    r"|\\dot\s*\{?([0-9])\}?(?:([0-9]*)\\dot\s*\{?([0-9])\}?)?)"
)
_GOES_ON = re.compile(
    r"([+-]?)([0-9]*)\.([0-9]{0,12}?)([0-9]{1,6}?)\4{2,30}\s*(?:\.\.\.|\\[lc]?dots)"
)


@dataclass(frozen=True)
class Number:
    """The exact value of a number as it is written.

    ``point`` says that it is written with a decimal point, which may stand for a value that no
    decimal has.
    """

    value: Fraction
    point: bool = False


def readings(answer: str) -> list[Number]:
    """The numbers that an answer may mean: none, one, or two where it is written in per cent.

    As in math-verify, ``50%`` is right for 0.5 and for 50, because questions ask for either.
    """
    answer = _CURRENCY.sub(r"\1", answer)
    stem = _PER_CENT.sub("", answer)
    number = _number(stem)
    if number is None:
        return []
    part = Number(number.value / 100, number.point)
    return [part, number] if stem != answer else [number]


def equal(gold: Number, answer: Number) -> bool:
    """Whether two written numbers are the same, or one is the other with decimals cut off."""
    if gold.value == answer.value:
        return True
    if gold.point == answer.point:
        return False
    exact, decimal = (answer, gold) if gold.point else (gold, answer)
    return agree(exact.value, decimal.value)


def agree(exact: Fraction, decimal: Fraction) -> bool:
    """Whether a decimal is an exact value to ``SIGNIFICANT_DIGITS``, rounded or cut off.

    A value that has no more digits than these is no other decimal.
    """
    if not exact or not decimal:
        return exact == decimal
    unit = Fraction(10) ** (_magnitude(exact) - SIGNIFICANT_DIGITS + 1)
    if (exact / unit).denominator == 1:
        return exact == decimal
    return abs(exact - decimal) <= unit / 2 or int(exact / unit) == int(decimal / unit)


def _magnitude(value: Fraction) -> int:
    """The power of ten of the first digit."""
    digits = len(str(abs(value.numerator))) - len(str(value.denominator))
    return digits if abs(value) >= Fraction(10) ** digits else digits - 1


def _number(text: str) -> Number | None:
    scale = Fraction(1)
    while found := SCALE.search(text):
        scale *= Fraction(_SCALES[found[1] or found[2]])
        text = text[: found.start()].rstrip()
    for number in _written(text):
        return Number(number.value * scale, number.point)
    return None


def _written(text: str) -> Iterator[Number]:
    text = text.strip()
    if found := _DECIMAL.fullmatch(text):
        exponent = int(found[2] or found[3] or 0)
        yield Number(_fraction(found[1]) * Fraction(10) ** exponent, "." in found[1])
    elif found := _FRACTION.fullmatch(text):
        sign, whole, *parts = found.groups()
        above, below = (_fraction(part) for part in parts if part is not None)
        if below and (whole is None or 0 <= above < below):
            value = _fraction(whole or "0") + above / below
            yield Number(-value if sign == "-" else value)
    elif found := _REPEATING.fullmatch(text):
        sign, whole, fixed, bar, brackets, first, between, last = found.groups()
        period = bar or brackets or f"{first}{between or ''}{last or ''}"
        yield Number(_repeating(sign, whole, fixed, period))
    elif found := _GOES_ON.fullmatch(text):
        yield Number(_repeating(*found.groups()))


def _repeating(sign: str, whole: str, fixed: str, period: str) -> Fraction:
    digits = int(whole + fixed or "0") + Fraction(int(period), 10 ** len(period) - 1)
    value = digits / Fraction(10) ** len(fixed)
    return -value if sign == "-" else value


def _fraction(text: str) -> Fraction:
    return Fraction(text.replace(",", ""))
