"""A rational number is right however it is written, and no other is; of any size."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alpharl_bench.grading import Mark, grade
from alpharl_bench.grading.numbers import agree

#: From 10^-40 to 10^40.
RATIONALS = st.builds(
    lambda p, q, e: Fraction(p, q) * Fraction(10) ** e,
    st.integers(-(10**6), 10**6).filter(bool),
    st.integers(1, 10**6),
    st.integers(-40, 40),
)
#: Neighbours: another last digit, another size, another sign, the reciprocal.
CHANGES = (
    lambda v: v + Fraction(1, v.denominator),
    lambda v: Fraction(v.numerator, v.denominator + 1),
    lambda v: v * 10,
    lambda v: v / 10,
    lambda v: -v,
    lambda v: 1 / v,
    lambda v: Fraction(0),
)
WRAPPINGS = (
    r"\boxed{{{}}}",
    r"\fbox{{{}}}",
    r"\boxed{{${}$}}",
    "Answer: {}",
    "**Answer:**\n\n${}$",
    r"Final Answer: The final answer is ${}$. I hope it is correct.",
    r"\boxed{{x = {}}}",
    r"\boxed{{{}\text{{ cm}}}}",
    r"\boxed{{{} \mathrm{{~m}}/\mathrm{{s}}^2}}",
)


def mixed(value: Fraction) -> str:
    sign, (whole, rest) = "-" if value < 0 else "", divmod(abs(value), 1)
    return f"{sign}{whole} {rest}" if whole and rest else str(value)


def repeating(value: Fraction) -> str:
    r"""``0.1\overline{6}`` for 1/6, by long division; the fraction where the period is long."""
    whole, rest = divmod(abs(value), 1)
    digits, seen, remainder = "", {}, rest.numerator
    while remainder and remainder not in seen and len(digits) < 60:
        seen[remainder] = len(digits)
        digit, remainder = divmod(remainder * 10, rest.denominator)
        digits += str(digit)
    sign = "-" if value < 0 else ""
    if remainder == 0:
        return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
    if remainder not in seen:
        return str(value)
    start = seen[remainder]
    return rf"{sign}{whole}.{digits[:start]}\overline{{{digits[start:]}}}"


FORMS = (
    str,
    mixed,
    repeating,
    lambda v: rf"\frac{{{v.numerator}}}{{{v.denominator}}}",
    lambda v: rf"\dfrac{{{7 * v.numerator}}}{{{7 * v.denominator}}}",
    lambda v: rf"{'-' if v < 0 else ''}\frac{{{abs(v.numerator)}}}{{{v.denominator}}}",
    lambda v: f"{v.numerator:,}/{v.denominator}",
)


@settings(deadline=None)
@given(RATIONALS, st.sampled_from(FORMS), st.sampled_from(FORMS), st.sampled_from(WRAPPINGS))
def test_a_rational_is_right_in_every_form_and_wrapping(value, gold_form, form, wrapping):
    assert grade("math", gold_form(value), [wrapping.format(form(value))])[0].mark is Mark.RIGHT


@settings(deadline=None)
@given(RATIONALS, RATIONALS, st.sampled_from(FORMS[3:]), st.sampled_from(WRAPPINGS))
def test_another_rational_is_wrong(value, other, form, wrapping):
    assume(value != other)
    assert grade("math", str(value), [wrapping.format(form(other))])[0].mark is Mark.WRONG


@settings(deadline=None)
@given(RATIONALS, st.sampled_from(CHANGES), st.sampled_from(FORMS[3:]), st.sampled_from(WRAPPINGS))
def test_a_neighbour_is_wrong(value, change, form, wrapping):
    assume(change(value) != value)
    assert grade("math", str(value), [wrapping.format(form(change(value)))])[0].mark is Mark.WRONG


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 10**4),
    st.integers(1, 10**4),
    st.integers(-40, 40),
    st.sampled_from((r"\frac{{{}}}{{{}}} \cdot 10^{{{}}}", r"{}/{} \times 10^{{{}}}")),
)
def test_an_expression_is_compared_relative_to_its_size(p, q, e, written):
    """Not numbers to `numbers.readings`: sympy compares them in a worker."""
    value = Fraction(p, q) * Fraction(10) ** e
    gold = rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    answers = [written.format(p, q, e), written.format(p + 1, q, e), written.format(p, q, e - 1)]
    marks = [g.mark.value for g in grade("math", gold, [rf"\boxed{{{a}}}" for a in answers])]
    assert marks == ["1", "0", "0"]


@settings(deadline=None)
@given(RATIONALS)
def test_a_decimal_agrees_to_six_significant_digits(value):
    """Rounded by Python's own format, which is exact; one unit of the sixth digit more is not."""
    unit = Fraction(10) ** (int(f"{float(abs(value)):.5e}".split("e")[1]) - 5)
    rounded = round(value / unit) * unit
    assert agree(value, rounded)
    assert not agree(value, rounded + 2 * unit)
    assert not agree(value, rounded - 2 * unit)
    if rounded == value:
        assert not agree(value, value + unit / 1000)


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(2, 3), Fraction(-22, 7)])
@pytest.mark.parametrize("size", [-40, 0, 40])
def test_a_decimal_of_five_digits_is_too_short(value, size):
    value *= Fraction(10) ** size
    for digits, right in ((5, True), (6, True), (12, True), (4, False), (3, False)):
        decimal, exponent = f"{float(value):.{digits}e}".split("e")
        answer = rf"\boxed{{{decimal} \times 10^{{{int(exponent)}}}}}"
        mark = grade("math", str(value), [answer])[0].mark
        assert mark is (Mark.RIGHT if right else Mark.WRONG), answer
