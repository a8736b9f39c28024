"""A session that is interrupted at any place ends as an interrupted one."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Drop the places of the traceback that have no line, on which pytest's own report fails.

    CPython 3.11 and newer have instructions of no line, as where a block ends, and a signal may
    come at one of them: ``tb_lineno`` is None there.
    """
    excinfo.traceback = excinfo.traceback.filter(
        lambda entry: entry._rawentry.tb_lineno is not None  # noqa: SLF001  (public nowhere)
    )
