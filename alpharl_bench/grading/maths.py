"""Compare two mathematical answers with math-verify. Runs in a worker that can be killed.

math-verify parses LaTeX into sympy, which evaluates: an answer of ten characters can ask for a
number that fills the memory, in C code that no signal handler interrupts. Its own time limits are
such handlers and are switched off here; the worker is limited from outside.
"""

import logging
import re
from dataclasses import dataclass
from functools import lru_cache

from alpharl_bench.extras import requiring
from alpharl_bench.grading.equations import alternatives, has_equation, value
from alpharl_bench.grading.numbers import readings
from alpharl_bench.grading.numeric import same_number
from alpharl_bench.grading.units import without_unit

with requiring("score"):
    import math_verify.grader
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse, verify
    from sympy import Basic, I, MatrixBase, Rational, Symbol

# One warning per process that time limits are off, and a line for all that does not parse.
logging.getLogger("math_verify").setLevel(logging.ERROR)
# Of numbers, also of those in sets, tuples and matrices: math-verify takes every difference below
# 1e-15 for nothing (huggingface/Math-Verify#14).
math_verify.grader.sympy_numeric_eq = same_number

# math-verify takes gamma for Euler's constant, and for a function that is infinite before ^, and
# E_1 for no symbol; each becomes a letter that no answer uses.
_STAND_INS = (
    (re.compile(r"\\gamma(?![A-Za-z])"), r"\\varsigma"),
    (re.compile(r"(?<!\\)E(?=_)"), r"\\Xi"),
)
# Without anchors it would go on to read a part of what it cannot read: 2/3 in \frac{2}{3} ?.
# Units are taken off by `without_unit`.
_CONFIG = LatexExtractionConfig(
    try_extract_without_anchor=False,
    boxed_match_priority=0,
    normalization_config=NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all"
    ),
)

Parsed = list[Basic | MatrixBase | str]


@dataclass(frozen=True)
class Comparison:
    """Whether an answer is the gold answer, and its canonical text as sympy writes it."""

    right: bool
    form: str


def compare(gold: str, answer: str) -> Comparison:
    """Compare an answer with the gold answer. May take any time and memory that there is."""
    meant = gold if has_equation(answer) else value(gold) or gold
    letters = re.search("[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", meant)) is None
    gold_parsed = _parsed(without_unit(meant, letters=False))
    found: Parsed = []
    for said in alternatives(answer, meant):
        parsed = [_parsed(without_unit(text, letters=letters)) for text in said]
        if all(verify(gold_parsed, one, timeout_seconds=None) for one in parsed):
            return Comparison(right=True, form=gold)
        found = found or parsed[-1]
    return Comparison(right=False, form=_form(found, answer))


@lru_cache(maxsize=1024)  # a gold answer is compared with every sample of its question
def _parsed(answer: str) -> Parsed:
    """What an answer may mean: any of these counts.

    The exact value of a number (in floating point 8.7e8 is not 870000000), then what math-verify
    reads in the whole of it: an expression if it can, then the text.
    """
    numbers = [Rational(n.value.numerator, n.value.denominator) for n in readings(answer)]
    for name, stand_in in _STAND_INS:
        answer = name.sub(stand_in, answer)
    found: Parsed = parse(
        rf"\boxed{{{answer}}}", [_CONFIG], extraction_mode="first_match", parsing_timeout=None
    )
    return [*numbers, *map(_assumed, found)]


def _assumed(found: Basic | MatrixBase | str) -> Basic | MatrixBase | str:
    """All variables real and i the imaginary unit.

    math-verify reads i as a symbol, and takes all symbols for not real where it sees one.
    """
    if isinstance(found, str):
        return found
    return found.xreplace(
        {
            symbol: I if symbol.name == "i" else Symbol(symbol.name, real=True)
            for symbol in found.free_symbols
            if isinstance(symbol, Symbol) and not symbol.is_real
        }
    )


def _form(found: Parsed, answer: str) -> str:
    """One text for all ways to write a wrong answer, where sympy finds one."""
    value = found[0] if found else answer
    try:
        return str(value if isinstance(value, str) else value.doit())
    except Exception:  # noqa: BLE001  (sympy raises anything on expressions that mean nothing)
        return answer
