"""Sums of three digits by columns, with a carry where the column before asks for it."""

import numpy as np

from alpharl_bench.problems.families import Family, Problem

_DIGITS = 3


def column_addition(rng: np.random.Generator) -> Problem:
    """``852+653=``: the columns from the right, each with the carry of the one before."""
    a, b = (int(number) for number in rng.integers(10 ** (_DIGITS - 1), 10**_DIGITS, 2))
    return by_columns(a, b)


def by_columns(a: int, b: int, *, carries: tuple[bool, ...] | None = None) -> Problem:
    """The sum of two numbers of three digits, written column by column.

    Args:
        a: a number of three digits.
        b: another.
        carries: whether ``+1`` is written in each column but the first; None where it belongs. The
            steps that follow are right for what is written, so the answer is that of the steps.
    """
    steps, written, before = [], "", 0
    for place in range(_DIGITS):
        top, bottom = a // 10**place % 10, b // 10**place % 10
        carry = before > 9 if carries is None or not place else carries[place - 1]
        before = top + bottom + carry
        steps.append(f"{top}+{bottom}{'+1' if carry else ''}={before}")
        written = str(before if place == _DIGITS - 1 else before % 10) + written
    return Problem(f"{a}+{b}=", tuple(steps), written)


#: Graded by its steps: rewarded for the sum alone, models leave the written carries out.
CARRY = Family("carry", column_addition, "worked")
