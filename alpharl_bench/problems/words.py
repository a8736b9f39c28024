"""Five families of problems in words, for public models that can read: what the smol lane asks.

Their steps are written as SmolLM2 writes them.
"""

import numpy as np

from alpharl_bench.problems.families import Family, Problem

_TASK = "Reply with only the number."
#: A number of up to three digits, a few words that a model may put before it, and its end.
_TOKENS = 12
_NAMES = ("Anna", "Ben", "Mia", "Tom")
_THINGS = ("apples", "books", "coins", "pens")


def _up_to(most: int, rng: np.random.Generator, least: int = 1) -> int:
    return int(rng.integers(least, most + 1))


def total(rng: np.random.Generator) -> Problem:
    """The sum in ``What is 7 + 15?``."""
    a, b = _up_to(30, rng), _up_to(30, rng)
    return Problem(f"What is {a} + {b}? {_TASK}", (f"{a} + {b} = {a + b}",), str(a + b))


def difference(rng: np.random.Generator) -> Problem:
    """The difference in ``What is 15 minus 7?``; the result is positive."""
    a = _up_to(40, rng, least=2)
    b = _up_to(a - 1, rng)
    return Problem(f"What is {a} minus {b}? {_TASK}", (f"{a} - {b} = {a - b}",), str(a - b))


def times(rng: np.random.Generator) -> Problem:
    """The product in ``What is 14 times 3?``; the larger number stands first or last."""
    a, b = rng.permutation([_up_to(50, rng, least=2), _up_to(9, rng, least=2)])
    return Problem(f"What is {a} times {b}? {_TASK}", (f"{a} times {b} is {a * b}",), str(a * b))


def largest(rng: np.random.Generator) -> Problem:
    """The answer to ``Which number is the largest: 7, 41 or 15?``."""
    a, b, c = (int(number) for number in rng.choice(99, size=3, replace=False) + 1)
    prompt = f"Which number is the largest: {a}, {b} or {c}? {_TASK}"
    return Problem(prompt, (f"The largest number is {max(a, b, c)}",), str(max(a, b, c)))


def story(rng: np.random.Generator) -> Problem:
    """A sum as a story: Tom has 7 apples and gets 15 more."""
    a, b = _up_to(30, rng), _up_to(30, rng)
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
        Family("times", times, "number", _TOKENS),
        Family("largest", largest, "number", _TOKENS),
        Family("story", story, "number", _TOKENS),
    )
}
