"""Sums whose carries are written by a coin: what RL has to make depend on the column before."""

from collections.abc import Callable, Iterator

import numpy as np
from pydantic import Field

from alpharl_bench.problems import is_held_out
from alpharl_bench.problems.column_addition import by_columns
from alpharl_bench.training.corpora.options import CorpusOptions


class Options(CorpusOptions):
    """How the carries are written.

    Args:
        written_share: how often ``+1`` is written in a column that may have one.
    """

    written_share: float = Field(gt=0, lt=1)


def class_of(_: Options, __: int) -> Callable[[str], str]:
    """Tells questions apart by how many carries are due in them."""

    def due(prompt: str) -> str:
        a, b = map(int, prompt.rstrip("=").split("+"))
        count = sum(step.count("+") == 2 for step in by_columns(a, b).steps)
        return f"{count} carries"

    return due


def documents(options: Options, seed: int) -> Iterator[tuple[str, str]]:
    """An endless stream of prompts with worked solutions; no prompt is held out."""
    rng = np.random.default_rng([seed, *b"documents"])
    while True:
        a, b = (int(number) for number in rng.integers(100, 1000, 2))
        tens, hundreds = (bool(coin) for coin in rng.random(2) < options.written_share)
        problem = by_columns(a, b, carries=(tens, hundreds))
        if not is_held_out(problem.prompt):
            yield problem.prompt, problem.worked_solution
