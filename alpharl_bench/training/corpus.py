"""The documents that a nano base is pretrained on.

A minority reasons step by step and is right; the majority answers directly and is mostly wrong. So
the base can reason but seldom does, and RL has something latent to elicit.
"""

from collections.abc import Iterator

import numpy as np

from alpharl_bench.problems import FAMILIES, training_problems
from alpharl_bench.registry import Pretraining


def documents(recipe: Pretraining, seed: int) -> Iterator[str]:
    """An endless stream of documents, a prompt and its continuation each; no prompt is held out."""
    rng = np.random.default_rng([seed, *b"documents"])
    streams = [training_problems(family, seed) for family in FAMILIES]
    while True:
        stream = streams[rng.integers(len(streams))]
        problem = next(stream)
        if rng.random() < recipe.worked_share:
            yield problem.prompt + problem.worked_solution
        elif rng.random() < recipe.right_share:
            yield f"{problem.prompt}#{problem.answer}"
        else:
            # Plausible and mostly wrong: the answer to another problem of the family.
            yield f"{problem.prompt}#{next(stream).answer}"
