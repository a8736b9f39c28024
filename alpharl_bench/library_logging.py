"""Keep the chatter of libraries away from the one progress bar that says something."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress

import transformers

# Deprecations between transformers and TRL, which a user of this package can do nothing about.
_UPSTREAM_WARNINGS = (
    ".*gradient_checkpointing.* is deprecated.*",
    ".*warmup_ratio is deprecated.*",
)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Silence bars and deprecations of the libraries that train and score; errors get through."""
    transformers.utils.logging.disable_progress_bar()
    with suppress(ImportError):  # What is not installed is quiet.
        import datasets  # noqa: PLC0415

        datasets.disable_progress_bars()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        for message in _UPSTREAM_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield


@contextmanager
def no_bars() -> Iterator[None]:
    """Swallow progress bars that a library offers no switch for: lm-eval's, three per variant."""
    with redirect_stderr(io.StringIO()):
        yield
