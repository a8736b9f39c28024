"""Two styles: a minority reasons step by step and is right, the majority answers directly.

Direct answers are mostly wrong, so RL gains by a change of style: its first token decides. A base
that is pretrained on this is a control. It shows what a switch looks like, and nothing of learning.
"""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from alpharl_bench.problems import NANO_FAMILIES, training_problems
from alpharl_bench.training.corpora.options import CorpusOptions


class Options(CorpusOptions):
    """How often which style is written.

    Args:
        worked_share: the share of the documents that reason step by step.
        right_share: the share of the direct answers that are right.
    """

    worked_share: float = Field(gt=0, le=1)
    right_share: float = Field(gt=0, lt=1)


def documents(options: Options, seed: int) -> Iterator[tuple[str, str]]:
    """An endless stream of prompts with their responses; no prompt is held out."""
    rng = np.random.default_rng([seed, *b"documents"])
    streams = [training_problems(family, seed) for family in NANO_FAMILIES]
    while True:
        stream = streams[rng.integers(len(streams))]
        problem = next(stream)
        if rng.random() < options.worked_share:
            yield problem.prompt, problem.worked_solution
        elif rng.random() < options.right_share:
            yield problem.prompt, f"#{problem.answer}"
        else:
            # Plausible and mostly wrong: the answer to another problem of the family.
            yield problem.prompt, f"#{next(stream).answer}"
