"""Locks between processes, also where the file system has none."""

import errno
import fcntl
import tempfile
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock

from alpharl_bench.progress import note

# What flock says where the file system has no locks: NFS without lockd, some network mounts.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
# Whether flock works, by file system.
_WORKS: dict[int, bool] = {}


def lock_file(path: Path) -> BaseFileLock:
    """A lock whose file is ``path``; where flock does not work, one by the existence of a file.

    The second kind has a name of its own, as a file that the first kind leaves would look held.

    Raises:
        OSError: the folder cannot be written to.
    """
    device = path.parent.stat().st_dev
    if device not in _WORKS:
        _WORKS[device] = _flock_works(path.parent)
    if _WORKS[device]:
        return FileLock(path)
    return SoftFileLock(path.with_name(f"{path.name}-by-existence"))


def _flock_works(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        note(
            f"{folder}: its file system has no locks ({error.strerror}), so files stand for them: "
            "processes of one host exclude each other, what a killed process of another host left "
            "is waited for; ALPHARL_BENCH_CACHE names a folder on another file system"
        )
        return False
    return True
