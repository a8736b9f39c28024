"""How files of users and of strangers are read: what they are and how large they are comes first.

A path may lead to a named pipe, which blocks whoever opens it, or to a device without end; a file
may be larger than memory, or JSON nested deeper than the stack. No other module of this package
opens such a file by itself.
"""

import codecs
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.formatting import size_text

Read = TypeVar("Read")
# Windows has neither: there is no pipe in a folder that would block.
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading; nothing is waited for.

    Raises:
        AlphaRLBenchError: it is a pipe, a socket or a device.
        OSError: it is missing, a folder, or cannot be read.
    """
    # Before it is opened: that alone can rewind a tape.
    _require_regular(path, path.stat().st_mode)
    with os.fdopen(os.open(path, os.O_RDONLY | _WITHOUT_WAITING), "rb") as file:
        _require_regular(path, os.fstat(file.fileno()).st_mode)
        yield file


def read_bytes(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes.

    Raises:
        AlphaRLBenchError: it is larger, or no regular file.
        OSError: it is missing, a folder, or cannot be read.
    """
    with opened(path) as file:
        _require_size(path, os.fstat(file.fileno()).st_size, limit)
        content = file.read(limit + 1)
    # A file of /proc has no size.
    _require_size(path, len(content), limit)
    return content


def read_text(path: Path, limit: int) -> str:
    """The text of a regular file of at most ``limit`` bytes, UTF-8 with or without its mark.

    Raises:
        AlphaRLBenchError: it is larger, no regular file, or no UTF-8.
        OSError: it is missing, a folder, or cannot be read.
    """
    try:
        return read_bytes(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AlphaRLBenchError(f"{path}: not UTF-8 text ({error.reason})") from error


def read_json(path: Path, kind: TypeAdapter[Read], what: str, limit: int) -> Read:
    """The content of a JSON file, validated.

    Args:
        path: the path of the file.
        kind: what it has to be.
        what: its name in an error message, as ``the config of a model``.
        limit: its largest size in bytes.

    Raises:
        AlphaRLBenchError: it cannot be read, is too large, no JSON, nested too deep, or something
            else than ``kind``.
    """
    try:
        return kind.validate_json(read_bytes(path, limit).removeprefix(codecs.BOM_UTF8))
    except OSError as error:
        raise AlphaRLBenchError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise AlphaRLBenchError(f"{path}: not {what}: {'; '.join(faults_of(error))}") from error


def parsed(text: str) -> Any:
    """What JSON says; as ``json.loads``, but nothing in it can exhaust the stack.

    Raises:
        ValueError: it is no JSON, or nested too deep.
    """
    return from_json(text)


def require_readable(path: Path, limit: int) -> None:
    """Refuse a file that a library is about to read, if :func:`read_bytes` would.

    Raises:
        AlphaRLBenchError: it is no regular file, larger than ``limit``, or cannot be read.
    """
    try:
        with opened(path) as file:
            _require_size(path, os.fstat(file.fileno()).st_size, limit)
    except OSError as error:
        raise AlphaRLBenchError(f"{path}: cannot be read ({error.strerror})") from error


def _require_size(path: Path, size: int, limit: int) -> None:
    if size > limit:
        raise AlphaRLBenchError(
            f"{path}: larger than {size_text(limit)}, which no such file is; is it the right one?"
        )


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS if test(mode)), "something else")
        raise AlphaRLBenchError(f"{path}: not a file but {kind}; name a regular file")


_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
