"""What an option may be: the types of pytest's options and of the command line.

Each type is a function from the typed text to its value. A text that is no such value raises an
:class:`~alpharl_bench.errors.AlphaRLBenchError` of one line, before any work is done.
"""

import argparse
import math
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alpharl_bench.errors import AlphaRLBenchError, os_fault

Value = TypeVar("Value")
#: The most that a count may be: engines and files hold it in 32 bits.
MOST = 2**31 - 1
#: The largest seed that numpy and torch both take.
_LARGEST_SEED = 2**32 - 1
# Of a text in an error message.
_SHOWN = 80
# Beside what is written stand scratch and lock files with longer names: of the 255 bytes of a
# name, and of the 4096 of a path, they need some.
_NAME_BYTES, _PATH_BYTES = 200, 3800
# What is written to see whether there is any room.
_PROBE = b"\0" * 4096


def for_pytest(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """A type as argparse takes it."""

    def argument(text: str) -> Value:
        try:
            return read(text)
        except AlphaRLBenchError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return argument


def option(text: str, read: Callable[[str], Value], metavar: str, *names: str) -> Any:
    """An option of typer of a type, with its help text."""
    # pytest does without.
    import typer  # noqa: PLC0415

    return typer.Option(*names, help=text, parser=_for_typer(read), metavar=metavar)


def argument(text: str, read: Callable[[str], Value], metavar: str) -> Any:
    """An argument of typer of a type, with its help text."""
    import typer  # noqa: PLC0415

    return typer.Argument(help=text, parser=_for_typer(read), metavar=metavar)


def _for_typer(read: Callable[[str], Value]) -> Callable[[str | Value], Value]:
    """A type as a ``parser`` of typer; a default is a value already."""
    import typer  # noqa: PLC0415

    def parser(given: str | Value) -> Value:
        if not isinstance(given, str):
            return given
        try:
            return read(given)
        except AlphaRLBenchError as error:
            raise typer.BadParameter(str(error)) from error

    return parser


def shown(text: str) -> str:
    """A text between quotes, on one line and not too long to read."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def word(text: str) -> str:
    """A text that is not empty, and that the system takes for a name."""
    if not text.strip():
        raise AlphaRLBenchError(f"{shown(text)} is empty")
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError as error:
        raise AlphaRLBenchError(f"{shown(text)} is not UTF-8") from error
    if b"\0" in encoded:
        raise AlphaRLBenchError(f"{shown(text)} holds a NUL character")
    return text


def any_path(text: str) -> Path:
    """A path, there or not; ``~`` and ``~name`` stand for the home folder of a user."""
    try:
        path = Path(word(text)).expanduser()
    except RuntimeError as error:
        raise AlphaRLBenchError(
            f"{shown(text)} begins with the name of no user; a name with ~ is typed ./~"
        ) from error
    _status(path, text)
    return path


def reference(text: str) -> str:
    """A model or run: a path, or ``org/name`` of the Hub. It stays as it is typed."""
    _refuse_root(any_path(text), shown(text))
    return text


def existing_path(text: str) -> Path:
    """A file or folder that is there and can be read."""
    path = any_path(text)
    if _status(path, text) is None:
        raise AlphaRLBenchError(f"{shown(text)} is not there")
    try:
        if path.is_dir():
            os.scandir(path).close()
        elif path.is_file():
            path.open("rb").close()
        else:
            raise AlphaRLBenchError(f"{shown(text)} is neither a file nor a folder")
    except OSError as error:
        raise _refused(text, error) from error
    return path


def existing_file(text: str) -> Path:
    """A file that is there and can be read."""
    path = existing_path(text)
    if path.is_dir():
        raise AlphaRLBenchError(f"{shown(text)} is a folder; name a file")
    return path


def existing_folder(text: str) -> Path:
    """A folder that is there and can be read."""
    path = existing_path(text)
    if not path.is_dir():
        raise AlphaRLBenchError(f"{shown(text)} is a file; name a folder")
    return path


def writable_folder(text: str) -> Path:
    """A folder to write into, there or not."""
    path = _without_dots(any_path(text))
    require_writable(path)
    return path


def new_folder(text: str) -> Path:
    """A folder to write that is not there yet."""
    path = _without_dots(any_path(text))
    if os.path.lexists(path):
        raise AlphaRLBenchError(f"{shown(text)} is there already; name a new folder")
    require_writable(path)
    return path


def require_writable(folder: Path) -> None:
    """Refuse a folder that nothing can be written into; it need not be there, nor is it made.

    Raises:
        AlphaRLBenchError: it is a file or below one, access is denied, its disk is full, or its
            name leaves no room for those of scratch files.
    """
    named, place = shown(str(folder)), folder.absolute()
    _refuse_root(folder, named)
    names = map(os.fsencode, place.parts)
    if len(os.fsencode(place)) > _PATH_BYTES or max(map(len, names)) > _NAME_BYTES:
        raise AlphaRLBenchError(f"{named} is too long; name another folder")
    while not os.path.lexists(place):
        place = place.parent
    if not place.is_dir():
        raise AlphaRLBenchError(f"{named} cannot be made: {place} is no folder; name another")
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(_PROBE)
    except OSError as error:
        raise _refused(str(folder), error) from error


def whole_number(low: int, high: int = MOST) -> Callable[[str], int]:
    """Whole numbers from ``low`` to ``high``."""

    def read(text: str) -> int:
        # Without a limit on the digits int() itself would fail.
        if not re.fullmatch(r"[+-]?[0-9]{1,20}", text) or not low <= int(text) <= high:
            raise AlphaRLBenchError(f"{shown(text)} is not a whole number from {low} to {high}")
        return int(text)

    return read


#: A seed of numpy and torch.
seed = whole_number(0, _LARGEST_SEED)


def number(low: float, high: float, *, above: bool = False) -> Callable[[str], float]:
    """Numbers from ``low`` to ``high``; ``above``: without ``low`` itself."""
    asked = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"

    def read(text: str) -> float:
        value = _float(text)
        if not low <= value <= high or (above and value == low):
            raise AlphaRLBenchError(f"{shown(text)} is not a number {asked}")
        return value

    return read


def duration(text: str) -> float:
    """Seconds of a time as ``90s``, ``45m`` or ``1h30m``."""
    found = re.fullmatch(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?", text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    if not (whole := 3600 * hours + 60 * minutes + seconds):
        raise AlphaRLBenchError(f"{shown(text)} is no time; type it as 90s, 45m or 1h30m")
    return float(whole)


#: A part of a whole, as 0.4.
share = number(0, 1, above=True)


def scale(text: str) -> float:
    """A factor of an update; one that is out of these bounds leaves nothing of it, or only inf."""
    value = _float(text)
    if not 1e-6 <= abs(value) <= 1e6:
        raise AlphaRLBenchError(
            f"{shown(text)} is not a number other than 0, of 1e-06 to 1e+06 or its negative"
        )
    return value


def rank(text: str) -> str:
    """A rank, or a share of the largest one as ``10%``. It stays as it is typed."""
    try:
        whole_number(1, 100 if text.endswith("%") else MOST)(text.removesuffix("%"))
    except AlphaRLBenchError as error:
        raise AlphaRLBenchError(
            f"{shown(text)} is neither a whole number from 1 nor a share of 1% to 100%"
        ) from error
    return text


def _without_dots(path: Path) -> Path:
    """A path without ``..``: behind a folder that is yet to be made it leads where none is made."""
    return path.resolve() if ".." in path.parts else path


def _refuse_root(path: Path, named: str) -> None:
    whole = path.resolve()
    if whole == whole.parent:
        raise AlphaRLBenchError(f"{named} is the root of all folders; name a folder in it")


def _float(text: str) -> float:
    """The number that a text is; NaN where it is none."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan


def _status(path: Path, text: str) -> os.stat_result | None:
    """What the system says of a path; None where nothing is there.

    Raises:
        AlphaRLBenchError: it cannot even say that.
    """
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _refused(text, error) from error


def _refused(text: str, error: OSError) -> AlphaRLBenchError:
    """What the system has against a path; the error may name a file that the user did not."""
    return AlphaRLBenchError(f"{shown(text)}: {os_fault(OSError(error.errno, error.strerror))}")
