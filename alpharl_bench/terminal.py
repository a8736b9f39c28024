"""The one way to the terminal: what others wrote cannot move its cursor, or turn its text."""

import sys

from alpharl_bench.formatting import lines


def echo(text: str) -> None:
    """Print text of any number of lines on standard output."""
    sys.stdout.write(f"{lines(text)}\n")
    sys.stdout.flush()


def echo_error(text: str) -> None:
    """Print text of any number of lines on standard error."""
    sys.stderr.write(f"{lines(text)}\n")
