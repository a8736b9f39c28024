"""Where chains are cut, to be continued by another model (Appendix D, Figure 14)."""

import numpy as np

from alpharl_bench.behaviour.measurements import Cut, beginning
from alpharl_bench.cache import content_key


def cut_at(cut: Cut, length: int, question: str) -> int:
    """How many tokens of a chain are given.

    Args:
        cut: the cut of the pass.
        length: the length of the chain.
        question: decides where a random cut is.
    """
    if cut == "beginning":
        return beginning(length)
    if cut == "random":
        rng = np.random.default_rng(int(content_key(question=question), 16))
        return int(rng.integers(length + 1))
    return min(cut, length)
