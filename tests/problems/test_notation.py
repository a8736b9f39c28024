"""Solutions in prefix notation: the same steps, read back by a parser of our own."""

import re
from itertools import islice

import pytest

from alpharl_bench.problems import NANO_FAMILIES, Problem, in_prefix_notation, training_problems
from alpharl_bench.problems.bank import STEP_FAMILIES


@pytest.mark.parametrize(
    ("steps", "written"),
    [
        (("7+8=15", "3+5+1=9"), "+7,8>15;+3,5,1>9;#95"),
        (("13-7=6", "8-4-1=3"), "-13,7>6;-8,4,1>3;#95"),
        (("7*6=42", "180+42=222"), "*7,6>42;+180,42>222;#95"),
        (("1,529", "12,59"), "529<1;59<12;#95"),
    ],
)
def test_worked_by_hand(steps, written):
    assert in_prefix_notation(Problem("p", steps, "95")) == written


@pytest.mark.parametrize("family", NANO_FAMILIES | STEP_FAMILIES)
def test_every_equation_is_true_and_the_answer_stays(family):
    for problem in islice(training_problems(family, 0), 300):
        *steps, answer = in_prefix_notation(problem).split(";")
        assert answer == f"#{problem.answer}"
        assert len(steps) == len(problem.steps)
        for step in steps:
            equation = re.fullmatch(r"([-+*])([\d,]+)>(\d+)", step)
            if equation is None:
                left, taken = step.split("<")
                assert sorted(left + taken) == sorted(problem.answer)
                continue
            operator, operands, result = equation.groups()
            assert eval(operator.join(operands.split(","))) == int(result)  # noqa: S307
