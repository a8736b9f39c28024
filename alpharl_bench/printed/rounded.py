"""Printed numbers: each stands for everything that rounds to it, and arithmetic keeps all of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from alpharl_bench.errors import AlphaRLBenchError

_NUMBER = re.compile(r"(?P<digits>\d[\d,]*(?:\.\d+)?)(?P<percent>\s?%)?")
_BOUND = re.compile(r"(?P<relation>[>≥<≤=]) ?(?P<sign>-?)(?P<number>\d.*)")


@dataclass(frozen=True)
class Rounded:
    """A number that is known to half a unit of its last digit: low ≤ number ≤ high, exactly.

    ``value`` is the number as printed, or what follows from printed ones.
    """

    value: Fraction
    low: Fraction
    high: Fraction

    @classmethod
    def printed(cls, text: str) -> "Rounded":
        """``48.23`` is 48.225 to 48.235; ``3%`` is 0.025 to 0.035.

        Raises:
            AlphaRLBenchError: the text is no number.
        """
        found = _NUMBER.fullmatch(text)
        if found is None:
            raise AlphaRLBenchError(f"'{text}' is no number")
        digits = Decimal(found["digits"].replace(",", ""))
        unit = Fraction(1, 100) if found["percent"] else Fraction(1)
        # A Decimal keeps the zeros at the end, and with them how many digits were printed.
        half = Fraction(Decimal(1).scaleb(int(digits.as_tuple().exponent))) / 2
        value = Fraction(digits)
        return cls(value * unit, (value - half) * unit, (value + half) * unit)

    def __sub__(self, other: "Rounded") -> "Rounded":
        """All differences of numbers that print like these two."""
        return Rounded(self.value - other.value, self.low - other.high, self.high - other.low)

    def __truediv__(self, other: "Rounded") -> "Rounded":
        """All ratios of numbers that print like these two, the other above 0."""
        if other.low <= 0:
            raise AlphaRLBenchError(f"{other}: nothing can be divided by what may be 0")
        # The widest of the four, as the dividend may be below 0.
        ends = [end / by for end in (self.low, self.high) for by in (other.low, other.high)]
        return Rounded(self.value / other.value, min(ends), max(ends))

    def meets(self, other: "Rounded") -> bool:
        """Whether both can stand for the same number."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        """Four significant digits."""
        return f"{float(self.value):.4g}"


def mean(numbers: Sequence[Rounded]) -> Rounded:
    """The mean: half a unit off at most where every number is."""
    return Rounded(
        *(
            sum((getattr(number, end) for number in numbers), Fraction()) / len(numbers)
            for end in ("value", "low", "high")
        )
    )


@dataclass(frozen=True)
class Bound:
    """What a sentence says of a number: ``> 96%``, ``≥ -1``, ``= 2.5``.

    A number after ``=`` is rounded itself, one after the others is exact.
    """

    relation: str
    number: Rounded
    text: str

    @classmethod
    def parse(cls, text: str) -> "Bound":
        """Read a relation and a number.

        Raises:
            AlphaRLBenchError: it is neither.
        """
        found = _BOUND.fullmatch(text)
        if found is None:
            raise AlphaRLBenchError(f"'{text}' is no bound: write one of > ≥ < ≤ = and a number")
        number = Rounded.printed(found["number"])
        if found["sign"]:
            number = Rounded(-number.value, -number.high, -number.low)
        return cls(found["relation"], number, text)

    def allows(self, number: Rounded) -> bool:
        """Whether anything that prints like the number is as the sentence says."""
        match self.relation:
            case ">":
                return number.high > self.number.value
            case "≥":
                return number.high >= self.number.value
            case "<":
                return number.low < self.number.value
            case "≤":
                return number.low <= self.number.value
            case _:
                return number.meets(self.number)
