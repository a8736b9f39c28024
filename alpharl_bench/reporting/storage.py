"""The files of a stored session: JSON, compressed by Zstandard (RFC 8878)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zstandard

from alpharl_bench.cache import whole_file
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.formatting import size_text
from alpharl_bench.invocation import session_command
from alpharl_bench.limits import SCORES_BYTES, SESSION_BYTES
from alpharl_bench.untrusted import read_bytes

#: What a session is and what it measured: one JSON object.
SESSION = "session.json"
#: Its scores: one JSON object a line.
RESPONSES = "scores.jsonl"
_COMPRESSED = ".zst"
#: Four megabytes take two seconds; level 12 takes half a second, and a fifth more room.
_LEVEL = 16


def stored(folder: Path, name: str) -> Path:
    """The file of a report folder that holds ``name``.

    It is compressed, or plain, as earlier versions wrote it; where neither is there, the path of
    the compressed one.
    """
    plain, compressed = folder / name, folder / (name + _COMPRESSED)
    return plain if plain.is_file() and not compressed.is_file() else compressed


def read_stored(path: Path) -> bytes:
    """The content of a file that :func:`stored` names.

    Raises:
        AlphaRLBenchError: the file is damaged, too large or no regular file.
        OSError: it is missing or cannot be read.
    """
    limit = SESSION_BYTES if path.name.startswith(SESSION) else SCORES_BYTES
    content = read_bytes(path, limit)
    if path.suffix != _COMPRESSED:
        return content
    try:
        # As large as it says it is, or an error; where it does not say it, at most the limit.
        size = zstandard.frame_content_size(content)
        if size > limit:
            raise AlphaRLBenchError(
                f"{path}: would unpack to {size_text(size)}, more than the {size_text(limit)} of "
                "the largest session; is it the right file?"
            )
        return zstandard.ZstdDecompressor().decompress(
            content, max_output_size=limit, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise AlphaRLBenchError(_damaged(path)) from error


def write_stored(folder: Path, name: str, text: str) -> None:
    """Write a file so that nobody ever sees a part of it; it takes the place of a plain one.

    Raises:
        OSError: the folder cannot be written to.
    """
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with whole_file(folder / (name + _COMPRESSED)) as scratch:
        scratch.write_bytes(compressor.compress(text.encode("utf-8")))
    (folder / name).unlink(missing_ok=True)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What writes into a report folder: of a file that cannot be written, the user is told.

    Raises:
        AlphaRLBenchError: the block raised an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        # Of a file that was to be renamed the second name is the one that counts.
        place = Path(error.filename2 or error.filename or folder)
        raise AlphaRLBenchError(
            f"report folder {folder}: cannot write {place.name} ({error.strerror or error}); "
            "name another folder"
        ) from error


def _damaged(path: Path) -> str:
    return (
        f"{path}: not a whole Zstandard file; copy it again, or judge the runs again by "
        f"`{session_command()} --report DIR`"
    )
