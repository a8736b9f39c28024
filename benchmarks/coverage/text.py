"""Tables as text."""

from collections.abc import Sequence

from tabulate import tabulate


def markdown(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    """A table as GitHub shows it, its cells as they are."""
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def percent(share: float, digits: int = 1) -> str:
    """``5.1 %``."""
    return f"{100 * share:.{digits}f} %"
