"""Every step of every worked solution, evaluated apart from the code that wrote it."""

import ast
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.problems import NANO_FAMILIES, Problem
from alpharl_bench.problems.families import addition, chain, multiplication, subtraction

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Mod: operator.mod,
}
ARITHMETIC = sorted(set(NANO_FAMILIES) - {"sorting"})
SEEDS = st.integers(0, 2**32)


def value(expression: str) -> int:
    """Python's own reading of an expression."""

    def walk(node: ast.expr) -> int:
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        assert isinstance(node, ast.Constant)
        return node.value

    return walk(ast.parse(expression, mode="eval").body)


def draw(family: str, seed: int) -> Problem:
    return NANO_FAMILIES[family].draw(np.random.default_rng(seed))


class Numbers:
    """A random generator that returns given numbers."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = list(numbers)

    def integers(self, low: int, high: int) -> int:
        number = self._numbers.pop(0)
        assert low <= number < high
        return number

    def random(self) -> float:
        return 0.0  # a minus sign wherever one is allowed


def test_there_are_six_families_as_the_paper_has_six_benchmarks() -> None:
    assert list(NANO_FAMILIES) == [
        "addition",
        "subtraction",
        "multiplication",
        "modulo",
        "chain",
        "sorting",
    ]
    assert all(name == family.name for name, family in NANO_FAMILIES.items())


@pytest.mark.parametrize("family", ARITHMETIC)
@given(seed=SEEDS)
def test_prompt_steps_and_answer_are_right_arithmetic(family: str, seed: int) -> None:
    problem = draw(family, seed)
    assert problem.prompt.endswith("=")
    assert str(value(problem.prompt[:-1])) == problem.answer
    for step in problem.steps:
        expression, _, result = step.partition("=")
        assert str(value(expression)) == result


@pytest.mark.parametrize("family", ["multiplication", "modulo", "chain"])
@given(seed=SEEDS)
def test_the_last_step_is_the_answer(family: str, seed: int) -> None:
    problem = draw(family, seed)
    assert problem.steps[-1].partition("=")[2] == problem.answer


@pytest.mark.parametrize("family", ["addition", "subtraction"])
@given(seed=SEEDS)
def test_the_columns_make_up_the_answer(family: str, seed: int) -> None:
    problem = draw(family, seed)
    units, tens = (int(step.partition("=")[2]) for step in problem.steps)
    assert str(10 * tens + units % 10) == problem.answer


@given(seed=SEEDS)
def test_a_chain_goes_on_from_its_last_result_and_never_below_zero(seed: int) -> None:
    problem = draw("chain", seed)
    results = [step.partition("=")[2] for step in problem.steps]
    starts = [problem.prompt[0], *results[:-1]]
    assert all(
        step.startswith(f"{start}{problem.prompt[2 * i + 1]}")
        for i, (start, step) in enumerate(zip(starts, problem.steps, strict=True))
    )
    assert all(int(result) >= 0 for result in results)


@given(seed=SEEDS)
def test_sorting_takes_out_the_smallest_digit_again_and_again(seed: int) -> None:
    problem = draw("sorting", seed)
    digits = problem.prompt.removeprefix("s").removesuffix("=")
    ordered = "".join(sorted(digits))
    assert len(set(digits)) == 4
    assert problem.answer == ordered
    assert len(problem.steps) == 3
    for count, step in enumerate(problem.steps, start=1):
        smallest = ordered[:count]
        assert step == f"{smallest},{''.join(d for d in digits if d not in smallest)}"


def test_worked_by_hand() -> None:
    with_carry = addition(Numbers(37, 58))
    assert with_carry == Problem("37+58=", ("7+8=15", "3+5+1=9"), "95")
    assert with_carry.worked_solution == "7+8=15;3+5+1=9;#95"
    assert addition(Numbers(31, 58)).worked_solution == "1+8=9;3+5=8;#89"
    # The smaller number is always taken from the larger one; 3 - 7 borrows ten.
    assert subtraction(Numbers(47, 83)) == Problem("83-47=", ("13-7=6", "8-4-1=3"), "36")
    assert subtraction(Numbers(89, 41)) == Problem("89-41=", ("9-1=8", "8-4=4"), "48")
    assert multiplication(Numbers(37, 6)) == Problem(
        "37*6=", ("7*6=42", "3*6=18", "180+42=222"), "222"
    )
    # 7 - 8 would be negative, so the sign is plus; 15 - 6 and 9 - 3 are not.
    assert chain(Numbers(7, 8, 6, 3)) == Problem("7+8-6-3=", ("7+8=15", "15-6=9", "9-3=6"), "6")
