"""What this package raises for mistakes that a user can put right, and how a disk's are told."""

import errno
import os
import re

from pydantic import ValidationError

from alpharl_bench.formatting import one_line, shortened
from alpharl_bench.limits import FAULTS_SHOWN, NAME_CHARACTERS

#: What was done before an error or an interrupt, and what to do after it.
GOES_ON = (
    "no half-written file is left, what was finished is kept in the cache, and the same command "
    "goes on from there"
)
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room on this disk, or name another"),
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`)",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit on open files (`ulimit -n`)"),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "give this user access, or name another place"
    ),
}
# How safetensors says which error of the system kept it from writing.
_SAFETENSORS = re.compile(r"while serializing: .*\(os error (\d+)\)")
# How torch.save says that a file could not be written; the reason is not in it.
_TORCH = re.compile(r"inline_container\.cc|PytorchStreamWriter")


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


def system_error(error: BaseException) -> OSError | None:
    """The error of the operating system behind an exception; None where there is none.

    Libraries that write files have errors of their own for a full disk.
    """
    if isinstance(error, OSError):
        return error
    text = str(error)
    if match := _SAFETENSORS.search(text):
        number = int(match[1])
        return OSError(number, os.strerror(number))
    if isinstance(error, RuntimeError) and _TORCH.search(text):
        return OSError(errno.EIO, "a file could not be written in full")
    return None


def os_fault(error: OSError) -> str:
    """One line on an error of the operating system: the file, the reason, and what to do."""
    # Of a file that was to be renamed the second name is the one that counts.
    place = error.filename2 or error.filename
    named = f"{os.fsdecode(place)}: " if isinstance(place, str | bytes | os.PathLike) else ""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{named}{error.strerror or error}" + (f"; {remedy}" if remedy else "")


def reason_of(error: BaseException) -> str:
    """The first line of what an error of a library says, or its kind where it says nothing."""
    said = str(error).strip().splitlines()
    return shortened(said[0], NAME_CHARACTERS) if said else type(error).__name__


def _key(parts: tuple[int | str, ...]) -> str:
    return shortened(".".join(map(str, parts)), NAME_CHARACTERS)
