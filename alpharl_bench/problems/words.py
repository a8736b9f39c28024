"""Four families of problems in words, for public models that can read: what the smol lane asks."""

import numpy as np

from alpharl_bench.problems.families import Family, Problem

_TASK = "Reply with only the number."
#: A number of up to two digits, a few words that a model may put before it, and its end.
_TOKENS = 12
_NAMES = ("Anna", "Ben", "Mia", "Tom")
_THINGS = ("apples", "books", "coins", "pens")


def _up_to_30(rng: np.random.Generator) -> int:
    return int(rng.integers(1, 31))


def total(rng: np.random.Generator) -> Problem:
    """The sum in ``What is 7 + 15?``."""
    a, b = _up_to_30(rng), _up_to_30(rng)
    return Problem(f"What is {a} + {b}? {_TASK}", (f"{a} + {b} = {a + b}",), str(a + b))


def difference(rng: np.random.Generator) -> Problem:
    """The difference in ``What is 15 - 7?``; the result is never negative."""
    b, a = sorted((_up_to_30(rng), _up_to_30(rng)))
    return Problem(f"What is {a} - {b}? {_TASK}", (f"{a} - {b} = {a - b}",), str(a - b))


def larger(rng: np.random.Generator) -> Problem:
    """The answer to ``Which number is larger, 7 or 15?``."""
    a, b = (int(number) for number in rng.choice(99, size=2, replace=False) + 1)
    low, high = sorted((a, b))
    return Problem(f"Which number is larger, {a} or {b}? {_TASK}", (f"{low} < {high}",), str(high))


def story(rng: np.random.Generator) -> Problem:
    """A sum as a story: Tom has 7 apples and gets 15 more."""
    a, b = _up_to_30(rng), _up_to_30(rng)
    name, things = rng.choice(_NAMES), rng.choice(_THINGS)
    return Problem(
        f"{name} has {a} {things} and gets {b} more. How many {things} does {name} have? {_TASK}",
        (f"{a} + {b} = {a + b}",),
        str(a + b),
    )


WORD_FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("total", total, "number", _TOKENS),
        Family("difference", difference, "number", _TOKENS),
        Family("larger", larger, "number", _TOKENS),
        Family("story", story, "number", _TOKENS),
    )
}
