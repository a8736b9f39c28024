"""Where derived files live, and how they appear there whole or not at all."""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import platformdirs
import xxhash
from filelock import BaseFileLock, Timeout

from alpharl_bench.errors import AlphaRLBenchError, system_error
from alpharl_bench.locks import lock_file
from alpharl_bench.option_types import any_path
from alpharl_bench.progress import note
from alpharl_bench.untrusted import opened

Unit = TypeVar("Unit")

#: Names another folder for everything that is derived: trained checkpoints, questions, scores.
CACHE_VARIABLE = "ALPHARL_BENCH_CACHE"
#: Bytes that are read at a time to digest a file.
_BLOCK = 1 << 20
_SCRATCH = ".scratch"
#: Scratch folders that stand for one which is made elsewhere, and the file in them that says where.
_ELSEWHERE = "elsewhere"
_PLACE = "place"
#: Seconds to wait for another process before it is said that one waits.
_PATIENCE = 5.0


def cache_root() -> Path:
    """The cache folder, made if it is missing.

    Raises:
        AlphaRLBenchError: the folder cannot be made or written to.
    """
    named = os.environ.get(CACHE_VARIABLE)
    remedy = f"name a folder in the environment variable {CACHE_VARIABLE}"
    try:
        root = any_path(named) if named else platformdirs.user_cache_path("alpharl-bench")
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except AlphaRLBenchError as error:
        raise AlphaRLBenchError(f"cache folder {error}; {remedy}") from error
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


def unmade(paths: Mapping[Unit, Path], *, together: bool = False) -> Iterator[list[Unit]]:
    """What lacks its file and nobody else is making; then what others were making, and did not.

    Each is to be made before the next is asked for, and is locked until then. So processes share
    work, and none makes anything twice. Who waits holds nothing, or takes locks in one order.

    Args:
        paths: the file of every unit of work.
        together: whether all are given at once, for who makes several at a time; else one by one.
    """
    if together:
        with ExitStack() as locks:
            for path in sorted(paths.values()):
                locks.enter_context(locked(path))
            yield [unit for unit, path in paths.items() if not path.is_file()]
        return
    for hold in (locked_if_free, locked):
        for unit, path in paths.items():
            if path.is_file():
                continue
            with hold(path) as free:
                if free is not False and not path.is_file():
                    yield [unit]


def _lock(path: Path) -> BaseFileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return lock_file(path.with_name(f".{path.name}.lock"))


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
def whole_folder(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield a scratch folder that becomes ``path`` when the block ends without an error.

    The cache knows of it: that of a killed process goes when the next one is asked for.

    Args:
        path: the folder.
        replace: whether what is there is removed, as of a damaged folder of the cache; not of a
            folder that a user names, which may have been filled since it was looked for.

    Raises:
        OSError: it cannot be written; the error names ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _naming(path), scratch_folder(_ELSEWHERE) as record:
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        write_whole(record / _PLACE, str(scratch.absolute()))
        with _becoming(path, scratch, replace):
            yield scratch


@contextmanager
def _becoming(path: Path, scratch: Path, replace: bool) -> Iterator[None]:
    try:
        yield
        # Scratch folders, and the files of some writers, are for their owner alone.
        scratch.chmod(0o755)
        for file in filter(Path.is_file, scratch.rglob("*")):
            file.chmod(0o644)
        if replace and path.exists():
            shutil.rmtree(path)
        scratch.rename(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a scratch file that becomes ``path`` when the block ends without an error.

    Raises:
        OSError: it cannot be written; the error names ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _naming(path):
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
def _naming(path: Path) -> Iterator[None]:
    """Name ``path`` in an error of the system that names no file, or a scratch one of it."""
    try:
        yield
    except Exception as error:
        found = system_error(error)
        own = str(path.with_name(f".{path.name}."))
        if found is None or not str(found.filename or own).startswith(own):
            raise
        raise OSError(found.errno, found.strerror, str(path)) from error


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Yield an empty folder that is gone when the block ends.

    Those of killed processes go when the next one is asked for: their locks are free.
    """
    _sweep_scratch_folders(purpose)
    folder = _scratch_root() / f"{purpose}-{uuid4().hex}"
    # Locked before it is there: a folder without a lock is one of a killed process.
    with _own_lock(folder):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep_scratch_folders(purpose: str) -> None:
    for folder in sorted(_scratch_root().glob(f"{purpose}-*")):
        with suppress(Timeout), _own_lock(folder):
            record = folder / _PLACE
            if record.is_file():
                place = Path(record.read_text(encoding="utf-8"))
                if not place.parent.is_dir():
                    continue  # Its disk is not mounted now, or not on this host.
                # Exactly what whole_folder made: its name is a random one.
                if place.name.startswith(".") and place.is_dir() and not place.is_symlink():
                    shutil.rmtree(place, ignore_errors=True)
                    note(f"{place}: what a killed process had begun to write is gone")
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _own_lock(folder: Path) -> Iterator[None]:
    """Hold the lock that belongs to a scratch folder alone, and leave no file of it.

    Raises:
        Timeout: another process holds it.
    """
    lock = lock_file(folder.with_name(f".{folder.name}.lock"))
    with lock.acquire(blocking=False):
        try:
            yield
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)


def sweep_unfinished_folders() -> None:
    """Remove the folders of :func:`whole_folder` that killed processes left, wherever they are."""
    _sweep_scratch_folders(_ELSEWHERE)


def _scratch_root() -> Path:
    root = cache_root() / "scratch"
    root.mkdir(exist_ok=True)
    return root


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that nobody ever sees a part of it."""
    with whole_file(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def sweep_scratch(folder: Path) -> None:
    """Remove the scratch files of killed processes; call it under the lock of ``folder``."""
    for scratch in folder.glob(f".*{_SCRATCH}"):
        scratch.unlink()
