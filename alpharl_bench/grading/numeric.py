"""Whether two sympy numbers are equal, of any size: relative to their size, not to 1.

Stands in for math-verify's own comparison. Runs in a worker that can be killed.
"""

from fractions import Fraction

from alpharl_bench.extras import requiring
from alpharl_bench.grading.numbers import agree

with requiring("score"):
    from sympy import Basic, Expr, Float, MatrixBase, Rational

#: Two decimals are equal to this relative difference.
_FLOAT = Fraction(1, 10**12)
#: Digits that a Float is read with: 3.1416 is not 3.14159999999999986.
_FLOAT_DIGITS = 15
#: Digits to which a decimal's exact counterpart is known.
_DIGITS = 60
#: Digits that sympy may take to find the first one of a difference; zero has none.
_MOST_DIGITS = 400


def same_number(
    a: Basic | MatrixBase,
    b: Basic | MatrixBase,
    float_rounding: int = 0,
    numeric_precision: int = 0,
) -> bool:
    """Whether two numbers, or matrices of numbers, are equal; False where they hold symbols.

    A decimal agrees with what is no decimal to six significant digits.

    Args:
        a: what math-verify parsed.
        b: what math-verify parsed.
        float_rounding: decimal places, which math-verify passes; not used.
        numeric_precision: digits, which math-verify passes; not used.
    """
    try:
        return _same(a.doit(), b.doit())
    except Exception:  # noqa: BLE001  (sympy raises anything; what is left is to simplify)
        return False


def _same(a: Basic | MatrixBase, b: Basic | MatrixBase) -> bool:
    if isinstance(a, MatrixBase) and isinstance(b, MatrixBase):
        return a.shape == b.shape and all(map(_same, a.flat(), b.flat()))
    if not (isinstance(a, Expr) and isinstance(b, Expr) and a.is_number and b.is_number):
        return False
    if a == b:
        return True
    if isinstance(a, Rational) and isinstance(b, Rational):
        return False
    if a.has(Float) or b.has(Float):
        return all(
            _decimals(x, y, isinstance(a, Float) and isinstance(b, Float), a.has(Float))
            for x, y in zip(a.as_real_imag(), b.as_real_imag(), strict=True)
        )
    return _is_nothing(a - b)


def _decimals(a: Expr, b: Expr, both: bool, first: bool) -> bool:
    """Compare real numbers: two decimals, or one (``a`` if ``first``) with what is none."""
    x, y = (_fraction(n, _FLOAT_DIGITS if both or n.has(Float) else _DIGITS) for n in (a, b))
    if x is None or y is None:
        return False
    if both:
        return abs(x - y) <= _FLOAT * max(abs(x), abs(y))
    return agree(y, x) if first else agree(x, y)


def _fraction(number: Expr, digits: int) -> Fraction | None:
    value = number.evalf(digits)
    return Fraction(str(value)) if value.is_Float or value.is_Integer else None


def _is_nothing(difference: Expr) -> bool:
    """Whether no digit of a difference is found, however small it is."""
    value = difference.evalf(2, maxn=_MOST_DIGITS)
    return all(
        part.is_zero is True or getattr(part, "_prec", 0) == 1 for part in value.as_real_imag()
    )
