"""Worked solutions in a notation that no base is pretrained on: the new style that SFT teaches."""

import re

from alpharl_bench.problems.families import Problem

_EQUATION = re.compile(r"(\d+)((?:[-+*]\d+)+)=(\d+)")
_TERM = re.compile(r"([-+*])(\d+)")


def in_prefix_notation(problem: Problem) -> str:
    """The same steps with the operator in front and the result behind ``>``.

    ``3+5+1=9`` becomes ``+3,5,1>9``, a step of sorting ``12,59`` becomes ``59<12``.
    """
    return ";".join((*map(_step, problem.steps), f"#{problem.answer}"))


def _step(step: str) -> str:
    equation = _EQUATION.fullmatch(step)
    if equation is None:
        taken, left = step.split(",")
        return f"{left}<{taken}"
    first, terms, result = equation.groups()
    operators, operands = zip(*_TERM.findall(terms), strict=True)
    return f"{operators[0]}{','.join((first, *operands))}>{result}"
