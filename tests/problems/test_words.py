"""Problems in words, read again by other means."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.grading import grade
from alpharl_bench.problems import WORD_FAMILIES, held_out_problems, last_number
from alpharl_bench.scoring.sampling import Sampling

SEEDS = st.integers(0, 2**32)


def draw(family, seed):
    return WORD_FAMILIES[family].draw(np.random.default_rng(seed))


def numbers(text):
    return [int(digits) for digits in re.findall("[0-9]+", text)]


@pytest.mark.parametrize(
    ("family", "answer"),
    [
        ("total", sum),
        ("story", sum),
        ("difference", lambda ab: ab[0] - ab[1]),
        ("times", math.prod),
        ("largest", max),
    ],
)
@given(seed=SEEDS)
def test_the_answer_follows_from_the_numbers_of_the_question(family, answer, seed):
    problem = draw(family, seed)
    asked = numbers(problem.prompt)
    assert len(asked) == (3 if family == "largest" else 2)
    assert int(problem.answer) == answer(asked) >= 0
    assert problem.prompt.endswith("Reply with only the number.")


@pytest.mark.parametrize("family", WORD_FAMILIES)
@given(seed=SEEDS)
def test_the_worked_step_ends_in_the_answer(family, seed):
    problem = draw(family, seed)
    (step,) = problem.steps
    assert last_number(step) == problem.answer
    assert set(numbers(step)[:2]) <= {*numbers(problem.prompt)}


@pytest.mark.parametrize("family", WORD_FAMILIES)
def test_a_session_has_enough_questions_of_every_family(family):
    """Those that are reported, and as many that scalars are chosen by."""
    default = Sampling().questions
    assert len(held_out_problems(family, default, seed=0, skip=default)) == default


@pytest.mark.parametrize(
    ("response", "number"),
    [
        ("22", "22"),
        (" 22\n", "22"),
        ("The answer is 22.", "22"),
        ("7 + 15 = 22", "22"),
        ("22 apples", "22"),
        ("**22**", "22"),
        ("1,022", "1022"),
        ("22.5", "22.5"),
        ("-22", "-22"),
        ("20-5", "5"),
        ("it is 022", "022"),
        ("no number", None),
        ("", None),
        ("twenty-two", None),
        ("9" * 60, "9" * 60),
        ("\u221222", "-22"),
        ("x = \u2212 22", "-22"),
        ("20\u22125", "5"),
        ("22 \u2212 7 = 15", "15"),
        ("1/22", "1/22"),
        ("2^22", "2^22"),
        ("1e22", "1e22"),
        (".22", ".22"),
        ("1,22", "1,22"),
        ("1,2,22", "1,2,22"),
        ("1, 22", "22"),
        ("1,022,000.5.", "1022000.5"),
        ("22.", "22"),
    ],
)
def test_the_last_number_of_a_response(response, number):
    assert last_number(response) == number


@given(st.text(max_size=200))
def test_any_text_has_a_last_number_or_none(text):
    found = last_number(text)
    assert found is None or re.fullmatch(r"-?[0-9.][-+0-9.,:/^*eE]*", found)


@given(st.text("abc .:*$\n", max_size=30), st.integers(), st.text("abc *$\n", max_size=30))
def test_a_plain_integer_is_the_last_number_whatever_stands_around_it(before, number, after):
    assert last_number(f"{before} {number}{after}") == str(number)


def test_what_is_cut_off_or_too_long_is_not_right():
    marks = [g.mark for g in grade("number", "22", ["22", "2", "", "22" + " " * 5000])]
    assert marks == ["1", "0", "-", "x"]
