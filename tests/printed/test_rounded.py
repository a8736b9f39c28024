"""Printed numbers, by hand and against all numbers that print alike."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.printed.rounded import Bound, Rounded, mean


@pytest.mark.parametrize(
    ("text", "low", "value", "high"),
    [
        ("48.23", "48.225", "48.23", "48.235"),
        ("7.50", "7.495", "7.5", "7.505"),  # the zero was printed
        ("0.01", "0.005", "0.01", "0.015"),
        ("1,024", "1023.5", "1024", "1024.5"),
        ("3%", "0.025", "0.03", "0.035"),
        ("12.6 %", "0.1255", "0.126", "0.1265"),
    ],
)
def test_a_printed_number_is_known_to_half_a_unit(text, low, value, high) -> None:
    number = Rounded.printed(text)
    assert (number.low, number.value, number.high) == (*map(Fraction, (low, value, high)),)


@pytest.mark.parametrize("text", ["", "-", "Yes", "1.2.3", "1.", "5 x", "%"])
def test_what_is_no_number_is_refused(text) -> None:
    with pytest.raises(AlphaRLBenchError, match="is no number"):
        Rounded.printed(text)


exact = st.decimals(min_value="0.01", max_value=1000, places=6)


def rounded(number: Decimal, places: int = 2) -> Rounded:
    return Rounded.printed(str(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)))


@given(exact, st.decimals(min_value="0.1", max_value=1000, places=6))
def test_what_numbers_were_rounded_from_stays_within(left, right) -> None:
    first, second = rounded(left), rounded(right)
    for found, true in (
        (first - second, Fraction(left) - Fraction(right)),
        (first / second, Fraction(left) / Fraction(right)),
    ):
        assert found.low <= true <= found.high


@given(st.lists(exact, min_size=1, max_size=6))
def test_an_average_of_rounded_columns_meets_the_rounded_average(numbers) -> None:
    average = sum(map(Fraction, numbers)) / len(numbers)
    printed = rounded(Decimal(average.numerator) / Decimal(average.denominator))
    assert printed.meets(mean([rounded(number) for number in numbers]))


def test_an_average_a_unit_off_still_may_be_right_and_more_may_not() -> None:
    # 1.005 and 1.005 print as 1.00 (to even) with the average 1.005, which may print as 1.01.
    columns = [Rounded.printed("1.00"), Rounded.printed("1.00")]
    assert Rounded.printed("1.01").meets(mean(columns))
    assert not Rounded.printed("1.02").meets(mean(columns))


def test_a_ratio_by_hand() -> None:
    ratio = Rounded.printed("2") / Rounded.printed("4")  # 1.5 … 2.5 over 3.5 … 4.5
    assert (ratio.low, ratio.value, ratio.high) == (
        Fraction(15, 45),
        Fraction(1, 2),
        Fraction(25, 35),
    )
    below = (Rounded.printed("2") - Rounded.printed("4")) / Rounded.printed("4")
    assert (below.low, below.high) == (
        Fraction(-3, 1) / Fraction(7, 2),
        Fraction(-1) / Fraction(9, 2),
    )
    with pytest.raises(AlphaRLBenchError, match="may be 0"):
        Rounded.printed("1") / Rounded.printed("0")


@pytest.mark.parametrize(
    ("bound", "number", "allowed"),
    [
        ("> 96%", "0.96", True),  # 0.964 prints so
        ("> 96%", "0.9600", True),
        ("> 96%", "0.95", False),
        ("≥ 0.9605", "0.96", True),
        ("≥ 0.97", "0.96", False),
        ("< 10", "10", True),
        ("< 10", "11", False),
        ("≤ 1%", "1.5%", False),
        ("= 96%", "0.9547", False),
        ("= 96%", "0.9592", True),  # prints as 96 %
        ("= 8", "9", True),  # 8.5 prints as either, so that counts must be given exactly
    ],
)
def test_a_bound_fails_only_where_no_rounding_saves_it(bound, number, allowed) -> None:
    assert Bound.parse(bound).allows(Rounded.printed(number)) is allowed


def test_a_bound_below_zero() -> None:
    bound = Bound.parse("≥ -1")
    gone = Rounded.printed("43.43") - Rounded.printed("45.30")
    assert not bound.allows(gone)
    assert bound.allows(Rounded.printed("44.30") - Rounded.printed("45.30"))


@pytest.mark.parametrize("text", ["96%", "~ 3", "> x", ">", "= "])
def test_what_is_no_bound_is_refused(text) -> None:
    with pytest.raises(AlphaRLBenchError, match="is no"):
        Bound.parse(text)
