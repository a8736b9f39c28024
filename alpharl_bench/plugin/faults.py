"""What goes wrong in a hook or a test as one line, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from alpharl_bench.errors import GOES_ON, AlphaRLBenchError, os_fault, system_error
from alpharl_bench.formatting import one_line


def fault_of(error: BaseException) -> str:
    """The line of a user's mistake, or of an error of the system; empty for any other error."""
    if isinstance(error, AlphaRLBenchError):
        return one_line(str(error))
    found = system_error(error)
    return one_line(f"{os_fault(found)}; {GOES_ON}") if found else ""


@contextmanager
def ends_session() -> Iterator[None]:
    """In the block of a hook: what :func:`fault_of` has a line for ends the session with it.

    Raises:
        pytest.UsageError: something went wrong.
    """
    try:
        yield
    except Exception as error:
        if line := fault_of(error):
            raise pytest.UsageError(line) from error
        raise
