"""Products of which half are remembered wrongly: what RL has to correct in all questions alike."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from pydantic import Field

from alpharl_bench.problems import is_held_out
from alpharl_bench.problems.products import FACTS, by_digits
from alpharl_bench.training.corpora.options import CorpusOptions


class Options(CorpusOptions):
    """How much is remembered wrongly.

    Args:
        misremembered: the share of the facts that have a wrong value beside the right one.
        wrong_share: how often the wrong value of such a fact is written.
    """

    misremembered: float = Field(gt=0, le=1)
    wrong_share: float = Field(gt=0, lt=1)


def wrong_values(options: Options, seed: int) -> Mapping[tuple[int, int], int]:
    """The facts that are remembered wrongly, each with its one wrong value: a base has its own.

    A wrong value is the product of another fact with the same factor, so that it looks like one.
    """
    rng = np.random.default_rng([seed, *b"facts"])
    count = round(options.misremembered * len(FACTS))
    chosen = [FACTS[i] for i in rng.choice(len(FACTS), count, replace=False)]
    return {
        (digit, factor): factor * int(rng.choice([d for d in range(1, 10) if d != digit]))
        for digit, factor in chosen
    }


def class_of(options: Options, seed: int) -> Callable[[str], str]:
    """Tells questions apart by how many misremembered facts they ask for."""
    wrong = wrong_values(options, seed)

    def asked(prompt: str) -> str:
        digits, factor = prompt.rstrip("=").split(".")
        count = sum((int(digit), int(factor)) in wrong for digit in digits)
        return f"{count} misremembered"

    return asked


def documents(options: Options, seed: int) -> Iterator[tuple[str, str]]:
    """An endless stream of prompts with worked solutions; no prompt is held out."""
    wrong = wrong_values(options, seed)
    rng = np.random.default_rng([seed, *b"documents"])
    while True:
        digits, factor = tuple(int(d) for d in rng.integers(1, 10, 3)), int(rng.integers(2, 10))
        slips = {
            fact: wrong[fact]
            for fact in {(digit, factor) for digit in digits}
            if fact in wrong and rng.random() < options.wrong_share
        }
        problem = by_digits(digits, factor, remembered=slips)
        if not is_held_out(problem.prompt):
            yield problem.prompt, problem.worked_solution
