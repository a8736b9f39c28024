"""Solutions that are always right, in one or two notations: what a teacher is pretrained on."""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from alpharl_bench.problems import in_prefix_notation, training_problems
from alpharl_bench.training.corpora.options import CorpusOptions


class Options(CorpusOptions):
    """What is solved, and how it is written.

    Args:
        families: the families of the problems, all alike.
        prefix_share: the share of the solutions that are in prefix notation.
    """

    families: tuple[str, ...] = Field(min_length=1)
    prefix_share: float = Field(default=0, ge=0, le=1)


def documents(options: Options, seed: int) -> Iterator[tuple[str, str]]:
    """An endless stream of prompts with worked solutions; no prompt is held out."""
    rng = np.random.default_rng([seed, *b"documents"])
    streams = [training_problems(family, seed) for family in options.families]
    while True:
        problem = next(streams[rng.integers(len(streams))])
        in_prefix = rng.random() < options.prefix_share
        yield problem.prompt, in_prefix_notation(problem) if in_prefix else problem.worked_solution
