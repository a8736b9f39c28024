"""What this package raises for mistakes that a user can put right."""

from pydantic import ValidationError


class AlphaRLBenchError(Exception):
    """A mistake in an option, a file or a checkpoint.

    The message is one line: what is wrong, in which file or option, and what to do. The command
    line and pytest print it without a traceback.
    """


class AlphaRLBenchWarning(UserWarning):
    """Something that is left out, or less exact than asked for, in one line that names it."""


def faults_of(error: ValidationError) -> list[str]:
    """All that pydantic found wrong with a file, one line each: the key and what is wrong."""
    return [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
