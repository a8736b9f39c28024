"""Comparisons in worker processes that are killed when they take too long."""

from collections.abc import Iterable

from alpharl_bench.grading.maths import Comparison, compare
from alpharl_bench.limited import LimitedWorkers

#: Processor time for one comparison; gold answers against rewritten forms take up to 0.3 s.
COMPARISON_SECONDS = 5.0
#: Memory that a worker may take beyond what it has when it starts.
COMPARISON_BYTES = 1 << 30

Pair = tuple[str, str]

_WORKERS = LimitedWorkers(compare.__module__, COMPARISON_BYTES)


def compare_all(pairs: Iterable[Pair]) -> dict[Pair, Comparison | None]:
    """Compare pairs of a gold answer and an answer, in parallel.

    Returns:
        For each pair its comparison, or None where time, memory or recursion ran out.

    Raises:
        AlphaRLBenchError: worker processes do not start.
    """
    compared = _WORKERS.done(compare, pairs, COMPARISON_SECONDS)
    return {
        pair: found if isinstance(found, Comparison) else None for pair, found in compared.items()
    }
