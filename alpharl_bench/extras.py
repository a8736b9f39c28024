"""Packages that only some commands need: each comes with an extra of this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from alpharl_bench.errors import AlphaRLBenchError


@contextmanager
def requiring(*extras: str) -> Iterator[None]:
    """Import what an extra brings, or ask for its version; where it is missing, say so.

    Args:
        extras: the extra, or several of which each brings it.

    Raises:
        AlphaRLBenchError: a package is missing, or does not load.
    """
    try:
        yield
    except ImportError as error:
        named = " or ".join(f'pip install "alpharl-bench[{extra}]"' for extra in extras)
        fault = str(error).strip().splitlines()[0]
        raise AlphaRLBenchError(f"a package is missing ({fault}): {named}") from error
