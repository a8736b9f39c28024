"""What this package raises for mistakes that a user can put right."""

from pydantic import ValidationError

from alpharl_bench.formatting import one_line, shortened
from alpharl_bench.limits import FAULTS_SHOWN, NAME_CHARACTERS


class AlphaRLBenchError(Exception):
    """A mistake in an option, a file or a checkpoint.

    The message is one line: what is wrong, in which file or option, and what to do. The command
    line and pytest print it without a traceback. What it names may come from a file: it is shown
    as :func:`~alpharl_bench.formatting.one_line` does.
    """

    def __str__(self) -> str:
        return one_line(super().__str__())


class AlphaRLBenchWarning(UserWarning):
    """Something that is left out, or less exact than asked for, in one line that names it."""

    def __str__(self) -> str:
        return one_line(super().__str__())


def faults_of(error: ValidationError) -> list[str]:
    """What pydantic found wrong with a file, one line each: the key and what is wrong."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    shown = [f"{_key(fault['loc'])}: {fault['msg']}" for fault in faults[:FAULTS_SHOWN]]
    more = len(faults) - len(shown)
    return [*shown, f"and {more} more"] if more else shown


def reason_of(error: BaseException) -> str:
    """The first line of what an error of a library says, or its kind where it says nothing."""
    said = str(error).strip().splitlines()
    return shortened(said[0], NAME_CHARACTERS) if said else type(error).__name__


def _key(parts: tuple[int | str, ...]) -> str:
    return shortened(".".join(map(str, parts)), NAME_CHARACTERS)
