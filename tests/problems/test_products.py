"""Products of three digits with a factor, and what is remembered in place of one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.problems import FAMILIES, is_correct
from alpharl_bench.problems.products import FACTS, by_digits, products


def test_worked_by_hand() -> None:
    problem = by_digits((3, 6, 5), 7)
    assert problem.prompt == "365.7="
    assert problem.steps == ("3*7=21", "6*7=42", "5*7=35")
    assert problem.worked_solution == "3*7=21;6*7=42;5*7=35;#21,42,35"


def test_a_fact_that_is_remembered_wrongly_goes_into_step_and_answer() -> None:
    problem = by_digits((3, 6, 3), 7, remembered={(3, 7): 28, (9, 7): 1})
    assert problem.steps == ("3*7=28", "6*7=42", "3*7=28")
    assert problem.answer == "28,42,28"


@given(seed=st.integers(0, 2**32))
def test_every_step_is_a_fact_and_the_answer_is_all_of_them(seed: int) -> None:
    problem = products(np.random.default_rng(seed))
    digits, _, factor = problem.prompt.removesuffix("=").partition(".")
    assert len(digits) == 3
    values = [int(digit) * int(factor) for digit in digits]
    assert all((int(digit), int(factor)) in FACTS for digit in digits)
    assert problem.steps == tuple(f"{d}*{factor}={v}" for d, v in zip(digits, values, strict=True))
    assert problem.answer == ",".join(map(str, values))
    assert is_correct(problem.worked_solution, problem.answer)


def test_there_are_72_facts() -> None:
    assert len(set(FACTS)) == 72


def test_the_family_is_graded_by_its_answer_and_a_solution_fits() -> None:
    family = FAMILIES["facts"]
    problem = by_digits((9, 9, 9), 9)
    assert family.gold(problem) == "81,81,81"
    # An end token beside the characters.
    assert len(problem.worked_solution) < family.tokens


@pytest.mark.parametrize("response", ["#21,42", "#21,42,35,7", "#214235", "#21;42;35", "#35,42,21"])
def test_another_list_of_numbers_is_wrong(response: str) -> None:
    assert not is_correct(response, "21,42,35")
