"""One kind of progress bar for all long work."""

import sys
from typing import Any

from tqdm import tqdm

from alpharl_bench.formatting import one_line

#: Seconds between two lines where the bar cannot be redrawn in place, as in the log of a CI job.
_LOG_INTERVAL = 15.0


def progress_bar(
    title: str, total: int, unit: str, done: int = 0, *, shown: bool = True
) -> "tqdm[Any]":
    """A bar on standard error, quiet enough for a log file; none where it is not ``shown``."""
    interval = 0.1 if sys.stderr.isatty() else _LOG_INTERVAL
    return tqdm(
        total=total,
        initial=done,
        desc=one_line(title),
        unit=unit,
        mininterval=interval,
        maxinterval=interval,
        dynamic_ncols=True,
        disable=not shown,
    )


def note(text: str) -> None:
    """A line on standard error, above the bars that are there."""
    tqdm.write(one_line(text), file=sys.stderr)
