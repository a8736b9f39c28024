"""Where derived files live, and how they appear there whole or not at all."""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import platformdirs
import xxhash
from filelock import FileLock, Timeout

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.progress import note
from alpharl_bench.untrusted import opened

#: Names another folder for everything that is derived: trained checkpoints, questions, scores.
CACHE_VARIABLE = "ALPHARL_BENCH_CACHE"
#: Bytes that are read at a time to digest a file.
_BLOCK = 1 << 20
_SCRATCH = ".scratch"
#: Seconds to wait for another process before it is said that one waits.
_PATIENCE = 5.0


def cache_root() -> Path:
    """The cache folder, made if it is missing.

    Raises:
        AlphaRLBenchError: the folder cannot be made or written to.
    """
    named = os.environ.get(CACHE_VARIABLE)
    root = Path(named) if named else platformdirs.user_cache_path("alpharl-bench")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise AlphaRLBenchError(
            f"cache folder {root}: {error.strerror or error}; make it writable or name another "
            f"one in the environment variable {CACHE_VARIABLE}"
        ) from error
    return root


def content_key(**parts: Any) -> str:
    """A short key of what a derived file depends on: the same parts, the same key.

    ``parts`` must be made of plain JSON values (paths and objects are refused by ``json``).
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """A digest of a file's content.

    Hashed once: the result is kept under the file's place, size and time of change. The hash is not
    cryptographic; it tells files apart at the speed of the disk.

    Raises:
        AlphaRLBenchError: it is no regular file.
    """
    status = path.stat()
    known = (
        cache_root()
        / "digests"
        / content_key(
            path=str(path.resolve()),
            inode=status.st_ino,
            bytes=status.st_size,
            changed=status.st_mtime_ns,
        )
    )
    if known.is_file():
        kept = known.read_bytes()
        # After a crash of the machine the file may be there without its content.
        if re.fullmatch(rb"[0-9a-f]{32}", kept):
            return kept.decode()
    digest = xxhash.xxh3_128()
    with opened(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    write_whole(known, digest.hexdigest())
    return digest.hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that belongs to ``path``: one process at a time makes it.

    Says so where it has to be waited for.
    """
    lock = _lock(path)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        note(f"waiting for another process that is making {path}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock that belongs to ``path`` unless another process does; yields whether it is."""
    try:
        lock = _lock(path).acquire(blocking=False)
    except Timeout:
        yield False
        return
    with lock:
        yield True


def _lock(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f".{path.name}.lock"))


def remove_folder(path: Path) -> None:
    """Remove a folder so that nobody ever sees a part of it; call it under the lock of ``path``.

    What killed processes left of earlier removals, and of making it, goes too.
    """
    gone = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    path.rename(gone)
    for left in path.parent.glob(f".{path.name}.*"):
        if left.is_dir():
            shutil.rmtree(left)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a scratch folder that becomes ``path`` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield scratch
        # Scratch folders, and the files of some writers, are for their owner alone.
        scratch.chmod(0o755)
        for file in filter(Path.is_file, scratch.rglob("*")):
            file.chmod(0o644)
        if path.exists():
            shutil.rmtree(path)
        scratch.rename(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a scratch file that becomes ``path`` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_SCRATCH, dir=path.parent)
    os.close(handle)
    scratch = Path(name)
    try:
        yield scratch
        scratch.chmod(0o644)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Yield an empty folder that is gone when the block ends.

    Those of killed processes go when the next one is asked for: their locks are free.
    """
    root = cache_root() / "scratch"
    root.mkdir(exist_ok=True)
    for left in root.glob(f"{purpose}-*.lock"):
        with suppress(Timeout), FileLock(left, blocking=False):
            shutil.rmtree(left.with_suffix(""), ignore_errors=True)
            left.unlink(missing_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=root))
    try:
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(f"{folder.name}.lock").unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that nobody ever sees a part of it."""
    with whole_file(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def sweep_scratch(folder: Path) -> None:
    """Remove the scratch files of killed processes; call it under the lock of ``folder``."""
    for scratch in folder.glob(f".*{_SCRATCH}"):
        scratch.unlink()
