"""Which problems may be trained on and which are scored: decided by a hash of the prompt.

The two sides cannot overlap, whatever seed or sample size is asked for: a prompt belongs to one of
them by its own text.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems.bank import FAMILIES
from alpharl_bench.problems.families import Problem

#: One prompt in this many is held out for scoring.
HELD_OUT_ONE_IN = 5


def is_held_out(prompt: str) -> bool:
    """Whether a prompt is scored (True) or may be trained on (False)."""
    return hashlib.sha256(prompt.encode()).digest()[0] % HELD_OUT_ONE_IN == 0


def training_problems(family: str, seed: int) -> Iterator[Problem]:
    """An endless stream of problems of one family, none of them held out."""
    rng = np.random.default_rng([seed, *family.encode()])
    while True:
        problem = FAMILIES[family].draw(rng)
        if not is_held_out(problem.prompt):
            yield problem


def held_out_problems(family: str, count: int, seed: int, skip: int = 0) -> list[Problem]:
    """``count`` different held-out problems of one family, behind the first ``skip`` of them.

    Raises:
        AlphaRLBenchError: the family does not have that many held-out prompts.
    """
    rng = np.random.default_rng([seed, *family.encode()])
    found: dict[str, Problem] = {}
    for _ in range(200 * (skip + count + 50)):
        if len(found) == skip + count:
            return list(found.values())[skip:]
        problem = FAMILIES[family].draw(rng)
        if is_held_out(problem.prompt):
            found.setdefault(problem.prompt, problem)
    raise AlphaRLBenchError(
        f"--questions {count}: the family '{family}' has only about {len(found)} questions that "
        f"are held out{f', and {skip} of them are scored' if skip else ''}; ask for fewer"
    )
