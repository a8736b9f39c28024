"""Compare two mathematical answers with math-verify. Runs in a worker that can be killed.

math-verify parses LaTeX into sympy, which evaluates: an answer of ten characters can ask for a
number that fills the memory, in C code that no signal handler interrupts. Its own time limits are
such handlers and are switched off here; the worker is limited from outside.
"""

import logging
import math
import re
from dataclasses import dataclass
from functools import lru_cache

from alpharl_bench.extras import requiring
from alpharl_bench.grading.notation import readings

with requiring("score"):
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse, verify
    from sympy import Basic, MatrixBase, Rational

# One warning per process that time limits are off, and a line for all that does not parse.
logging.getLogger("math_verify").setLevel(logging.ERROR)

#: Decimals agree with a fraction or a root to this many significant digits: 0.333333 is 1/3.
SIGNIFICANT_DIGITS = 6

# math-verify takes gamma for Euler's constant, and for a function that is infinite before ^, and
# E_1 for no symbol; each becomes a letter that no answer uses.
_STAND_INS = (
    (re.compile(r"\\gamma(?![A-Za-z])"), r"\\varsigma"),
    (re.compile(r"(?<!\\)E(?=_)"), r"\\Xi"),
)

#: ``\frac{37}{4} m``: a lone letter at the end of a gold answer is a variable, as its answers
#: write units as text. math-verify takes m, g, s, t, h, l, d, c and o for units and drops them.
_ENDS_IN_VARIABLE = re.compile(r"[0-9}\s][A-Za-z]\s*\Z")


@dataclass(frozen=True)
class Comparison:
    """Whether an answer is the gold answer, and its canonical text as sympy writes it."""

    right: bool
    form: str


def compare(gold: str, answer: str) -> Comparison:
    """Compare an answer with the gold answer. May take any time and memory that there is."""
    units = _ENDS_IN_VARIABLE.search(gold) is None
    meant, found = _parsed(gold, units), _parsed(answer, units)
    right = verify(meant, found, float_rounding=_decimal_places(meant), timeout_seconds=None)
    return Comparison(right, gold if right else _form(found, answer))


@lru_cache(maxsize=1024)  # a gold answer is compared with every sample of its question
def _parsed(answer: str, units: bool) -> list[Basic | MatrixBase | str]:
    """What an answer may mean: any of these counts.

    The exact value of a number (in floating point 8.7e8 is not 870000000), then what math-verify
    reads in the whole of it: an expression if it can, then the text.
    """
    # Without anchors it would go on to read a part of what it cannot read: 2/3 in \frac{2}{3} ?.
    config = LatexExtractionConfig(
        try_extract_without_anchor=False,
        boxed_match_priority=0,
        normalization_config=NormalizationConfig(
            basic_latex=True, units=units, malformed_operators=True, nits=True, boxed="all"
        ),
    )
    numbers = [Rational(n.numerator, n.denominator) for n in readings(answer)]
    for name, stand_in in _STAND_INS:
        answer = name.sub(stand_in, answer)
    found: list[Basic | MatrixBase | str] = parse(
        rf"\boxed{{{answer}}}", [config], extraction_mode="first_match", parsing_timeout=None
    )
    return [*numbers, *found]


def _decimal_places(gold: list[Basic | MatrixBase | str]) -> int:
    """How many decimal places to compare, so that small numbers keep significant digits."""
    value = gold[0] if gold else None
    if not isinstance(value, Basic) or not value.is_number or not value.is_comparable:
        return SIGNIFICANT_DIGITS
    size = abs(float(value))
    if size == 0 or not math.isfinite(size):
        return SIGNIFICANT_DIGITS
    return max(SIGNIFICANT_DIGITS, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(size)))


def _form(found: list[Basic | MatrixBase | str], answer: str) -> str:
    """One text for all ways to write a wrong answer, where sympy finds one."""
    value = found[0] if found else answer
    try:
        return str(value if isinstance(value, str) else value.doit())
    except Exception:  # noqa: BLE001  (sympy raises anything on expressions that mean nothing)
        return answer
