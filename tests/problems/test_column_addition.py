"""Sums by columns, and what they are where carries are written that are not due."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.problems import FAMILIES
from alpharl_bench.problems.column_addition import by_columns, column_addition

NUMBERS = st.integers(100, 999)


@pytest.mark.parametrize(
    ("carries", "written"),
    [
        (None, "2+9=11;5+4+1=10;8+6+1=15;#1501"),
        ((True, True), "2+9=11;5+4+1=10;8+6+1=15;#1501"),
        ((False, False), "2+9=11;5+4=9;8+6=14;#1491"),
        ((False, True), "2+9=11;5+4=9;8+6+1=15;#1591"),
    ],
)
def test_worked_by_hand(carries: tuple[bool, ...] | None, written: str) -> None:
    problem = by_columns(852, 649, carries=carries)
    assert problem.prompt == "852+649="
    assert problem.worked_solution == written


@given(a=NUMBERS, b=NUMBERS)
def test_with_carries_where_they_belong_it_is_the_sum(a: int, b: int) -> None:
    problem = by_columns(a, b)
    assert problem.answer == str(a + b)
    totals = [int(step.partition("=")[2]) for step in problem.steps]
    written = ["+1=" in re.sub(r"^\d\+\d", "", step) for step in problem.steps]
    assert written == [False, totals[0] > 9, totals[1] > 9]


@given(a=NUMBERS, b=NUMBERS, tens=st.booleans(), hundreds=st.booleans())
def test_every_step_is_right_for_what_is_written(
    a: int, b: int, tens: bool, hundreds: bool
) -> None:
    problem = by_columns(a, b, carries=(tens, hundreds))
    totals = []
    for step in problem.steps:
        terms, _, total = step.partition("=")
        assert sum(map(int, terms.split("+"))) == int(total)
        totals.append(int(total))
    units, ten, hundred = totals
    assert problem.answer == f"{hundred}{ten % 10}{units % 10}"


@given(seed=st.integers(0, 2**32))
def test_the_family_draws_numbers_of_three_digits_and_is_graded_by_its_steps(seed: int) -> None:
    family = FAMILIES["carry"]
    problem = column_addition(np.random.default_rng(seed))
    a, b = problem.prompt.removesuffix("=").split("+")
    assert (len(a), len(b)) == (3, 3)
    assert problem == by_columns(int(a), int(b))
    assert family.gold(problem) == problem.worked_solution
    # An end token beside the characters.
    assert len(problem.worked_solution) < family.tokens
