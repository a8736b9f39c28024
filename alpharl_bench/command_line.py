"""A command from its start to its exit code; whatever goes wrong is one line."""

import os
import sys
import warnings
from typing import TextIO

import typer

from alpharl_bench.errors import (
    GOES_ON,
    AlphaRLBenchError,
    AlphaRLBenchWarning,
    os_fault,
    system_error,
)
from alpharl_bench.interrupts import signals_interrupt
from alpharl_bench.terminal import echo_error

# The exit code of an interrupted command.
_INTERRUPTED = 130


def run(app: typer.Typer) -> int:
    """Run a command as the process was given it.

    Returns:
        Its exit code: 2 after an error, which was told on standard error, 130 after an interrupt.
    """
    warnings.showwarning = _show_warning
    _open_streams()
    with signals_interrupt():
        try:
            code = app(standalone_mode=False) or 0
            sys.stdout.flush()
        except Exception as error:
            fault, code = _fault(error), 2
            if fault is None:
                raise
        else:
            fault = f"interrupted; {GOES_ON}" if code == _INTERRUPTED else ""
    if fault:
        _tell(fault)
    return code


def _open_streams() -> None:
    for name in ("stdout", "stderr"):
        # Python has none where the shell closed it.
        stream = getattr(sys, name) or open(os.devnull, "w")  # noqa: PTH123, SIM115
        # Another encoding is no reason to fail.
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, stream)


def _fault(error: Exception) -> str | None:
    """What to tell of an error; None of one that is a bug."""
    if isinstance(error, AlphaRLBenchError):
        return str(error)
    if isinstance(error, typer.TyperException):
        return error.format_message()
    if isinstance(error, typer.Abort):
        return "aborted"
    found = system_error(error)
    if found is None:
        return None
    if found.filename is None and (of_output := _fault_of_output()):
        return f"standard output: {os_fault(of_output)}"
    return f"{os_fault(found)}; {GOES_ON}"


def _fault_of_output() -> OSError | None:
    """Why nothing can be written to standard output, whose errors name no file."""
    try:
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), b"\n")
    except OSError as fault:
        _close(sys.stdout)
        return fault
    return None


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    # Users cannot act on warnings of libraries, which mostly concern deprecations.
    if issubclass(category, AlphaRLBenchWarning):
        _tell(f"note: {message}")


def _tell(line: str) -> None:
    # Where standard error is full or closed, the exit code has to do.
    try:
        echo_error(f"alpharl-bench: {line}")
        sys.stderr.flush()
    except OSError:
        _close(sys.stderr)


def _close(stream: TextIO) -> None:
    """Lead a stream that takes nothing elsewhere: Python would write once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
