"""Locks where the file system has none: NFS without a lock server, network mounts."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from alpharl_bench import locks
from alpharl_bench.cache import CACHE_VARIABLE, locked, locked_if_free, scratch_folder, whole_folder

ERRORS = ("ENOLCK", "EOPNOTSUPP", "ENOSYS")


@pytest.fixture(params=ERRORS)
def no_locks(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def flock(*_: object) -> NoReturn:
        number = getattr(errno, request.param)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(locks, "_WORKS", {})
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.mark.usefixtures("no_locks")
def test_locks_work_and_it_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # What a native lock left there looks held to one by existence.
    (tmp_path / ".run.lock").touch()
    for _ in range(2):
        with locked(tmp_path / "run"):
            with locked_if_free(tmp_path / "run") as free:
                assert not free
            with locked_if_free(tmp_path / "other") as free:
                assert free
        with locked_if_free(tmp_path / "run") as free:
            assert free
    with whole_folder(tmp_path / "folder") as scratch:
        (scratch / "file").touch()
    with scratch_folder("vllm") as folder:
        assert folder.is_dir()
    said = capsys.readouterr().err
    assert said.count("its file system has no locks") == 1
    assert "ALPHARL_BENCH_CACHE" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [".run.lock", "cache", "folder"]


# Where flock raises ENOLCK, counts up 20 times under a lock.
COUNT = """
import errno, fcntl, json, sys, time
from pathlib import Path
def flock(*_):
    raise OSError(errno.ENOLCK, "No locks available")
fcntl.flock = flock
from alpharl_bench.cache import locked
counter = Path(sys.argv[1])
for _ in range(20):
    with locked(counter):
        number = json.loads(counter.read_text())
        time.sleep(0.001)
        counter.write_text(json.dumps(number + 1))
"""


def test_two_processes_exclude_each_other(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", COUNT, str(counter)]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert all("no locks" in worker.communicate()[1] for worker in workers)
    assert counter.read_text() == "40"


@pytest.mark.usefixtures("no_locks")
def test_a_lock_of_a_killed_process_of_this_host_is_taken(tmp_path: Path) -> None:
    code = COUNT.replace("time.sleep(0.001)", "import os; os.kill(os.getpid(), 9)")
    (tmp_path / "counter").write_text("0")
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "counter")], check=False)
    with locked(tmp_path / "counter"):
        pass


def test_another_error_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> NoReturn:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(locks, "_WORKS", {})
    with pytest.raises(OSError, match="Input/output error"), locked(tmp_path / "run"):
        pass
