"""Three digits times one: three facts that have to be remembered."""

from collections.abc import Mapping

import numpy as np

from alpharl_bench.problems.families import Family, Problem

#: All facts that the family asks for: a digit, and what it is multiplied by.
FACTS = tuple((digit, factor) for digit in range(1, 10) for factor in range(2, 10))


def products(rng: np.random.Generator) -> Problem:
    """``365.7=``: the product of each digit, then all three of them."""
    digits = tuple(int(digit) for digit in rng.integers(1, 10, 3))
    return by_digits(digits, int(rng.integers(2, 10)))


def by_digits(
    digits: tuple[int, ...],
    factor: int,
    *,
    remembered: Mapping[tuple[int, int], int] | None = None,
) -> Problem:
    """The products of some digits with a factor.

    Args:
        digits: 1 to 9 each.
        factor: 2 to 9.
        remembered: the value of a fact where it is not the product.
    """
    wrong = remembered or {}
    values = [wrong.get((digit, factor), digit * factor) for digit in digits]
    steps = tuple(f"{d}*{factor}={value}" for d, value in zip(digits, values, strict=True))
    return Problem(f"{''.join(map(str, digits))}.{factor}=", steps, ",".join(map(str, values)))


FACTS_FAMILY = Family("facts", products)
