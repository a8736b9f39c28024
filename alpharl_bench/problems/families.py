"""Six families of arithmetic problems that play the part of the paper's six benchmarks (§2.2).

A family turns a few integers into a prompt, the steps that a careful solver writes down and the
answer. To add a family, write its function and add one line to ``NANO_FAMILIES``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Problem:
    """One question with its step-by-step solution.

    ``prompt`` ends where the model is to continue; ``steps`` are the intermediate results in the
    order in which they are written; ``answer`` is the exact string that counts as correct.
    """

    prompt: str
    steps: tuple[str, ...]
    answer: str

    @property
    def worked_solution(self) -> str:
        """The chain of thought: every step, then the answer behind ``#``."""
        return ";".join((*self.steps, f"#{self.answer}"))


@dataclass(frozen=True)
class Family:
    """A named kind of problem: ``draw`` makes one from a random generator.

    ``kind`` is how a response is graded, ``tokens`` the length limit of one.
    """

    name: str
    draw: Callable[[np.random.Generator], Problem]
    kind: Literal["arithmetic", "worked", "number"] = "arithmetic"
    tokens: int = 36

    def gold(self, problem: Problem) -> str:
        """What a response is graded by: the answer, or the whole solution where steps count."""
        return problem.worked_solution if self.kind == "worked" else problem.answer


def _digit(rng: np.random.Generator, low: int = 1) -> int:
    return int(rng.integers(low, 10))


def _two_digits(rng: np.random.Generator) -> int:
    return int(rng.integers(10, 100))


def addition(rng: np.random.Generator) -> Problem:
    """``37+58=`` by columns: units, then tens with the carry."""
    a, b = _two_digits(rng), _two_digits(rng)
    units = a % 10 + b % 10
    tens = a // 10 + b // 10 + units // 10
    carry = "+1" if units > 9 else ""
    steps = (f"{a % 10}+{b % 10}={units}", f"{a // 10}+{b // 10}{carry}={tens}")
    return Problem(f"{a}+{b}=", steps, str(a + b))


def subtraction(rng: np.random.Generator) -> Problem:
    """``83-47=`` by columns with a borrow; the result is never negative."""
    b, a = sorted((_two_digits(rng), _two_digits(rng)))
    borrow = a % 10 < b % 10
    top = a % 10 + 10 * borrow
    units = top - b % 10
    tens = a // 10 - b // 10 - borrow
    steps = (
        f"{top}-{b % 10}={units}",
        f"{a // 10}-{b // 10}{'-1' if borrow else ''}={tens}",
    )
    return Problem(f"{a}-{b}=", steps, str(a - b))


def multiplication(rng: np.random.Generator) -> Problem:
    """``37*6=``: units, tens, then their sum."""
    a, b = _two_digits(rng), _digit(rng, low=2)
    units, tens = a % 10 * b, a // 10 * b
    steps = (f"{a % 10}*{b}={units}", f"{a // 10}*{b}={tens}", f"{tens}0+{units}={a * b}")
    return Problem(f"{a}*{b}=", steps, str(a * b))


def modulo(rng: np.random.Generator) -> Problem:
    """``47%6=``: the largest multiple below, then the rest."""
    a, b = _two_digits(rng), _digit(rng, low=3)
    quotient = a // b
    steps = (f"{quotient}*{b}={quotient * b}", f"{a}-{quotient * b}={a % b}")
    return Problem(f"{a}%{b}=", steps, str(a % b))


def chain(rng: np.random.Generator) -> Problem:
    """``7+8-6+3=`` from left to right."""
    total = _digit(rng)
    prompt, steps = str(total), []
    for _ in range(3):
        operand = _digit(rng)
        sign = "-" if total >= operand and rng.random() < 0.5 else "+"
        result = total + operand if sign == "+" else total - operand
        prompt += f"{sign}{operand}"
        steps.append(f"{total}{sign}{operand}={result}")
        total = result
    return Problem(f"{prompt}=", tuple(steps), str(total))


def sorting(rng: np.random.Generator) -> Problem:
    """``s5291=``: take the smallest digit out, again and again."""
    digits = [str(digit) for digit in rng.choice(10, size=4, replace=False)]
    left, taken, steps = list(digits), "", []
    while len(left) > 1:
        taken += min(left)
        left.remove(min(left))
        steps.append(f"{taken},{''.join(left)}")
    return Problem(f"s{''.join(digits)}=", tuple(steps), "".join(sorted(digits)))


NANO_FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("addition", addition),
        Family("subtraction", subtraction),
        Family("multiplication", multiplication),
        Family("modulo", modulo),
        Family("chain", chain),
        Family("sorting", sorting),
    )
}
