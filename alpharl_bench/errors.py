"""What this package raises for mistakes that a user can put right, and how a disk's are told."""

import errno
import os
import re

from pydantic import ValidationError

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
    line and pytest print it without a traceback.
    """


class AlphaRLBenchWarning(UserWarning):
    """Something that is left out, or less exact than asked for, in one line that names it."""


def faults_of(error: ValidationError) -> list[str]:
    """All that pydantic found wrong with a file, one line each: the key and what is wrong."""
    return [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]


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
