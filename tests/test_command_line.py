"""How commands end: full disks, signals, and outputs that are full, closed or of another encoding.

Everything ends in one line, nothing half-written stays, and the same command goes on.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from alpharl_bench import cache
from alpharl_bench.cli import main
from alpharl_bench.errors import os_fault, system_error
from alpharl_bench.interrupts import handlers_kept, signals_interrupt
from alpharl_bench.runs import parallel
from alpharl_bench.variants import extract as extraction
from tests.models import trained_pair
from tests.processes import ROOT

ENDED = "what was finished is kept in the cache, and the same command goes on from there"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return trained_pair(tmp_path_factory.mktemp("pair"), "qwen3", scale=1e-2)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command in this process: its exit code and its lines on standard error."""

    def run(*words: object) -> tuple[int, list[str]]:
        monkeypatch.setattr("sys.argv", ["alpharl-bench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capfd.readouterr().err
        assert "Traceback" not in told
        return int(ended.value.code or 0), [
            line for line in told.splitlines() if "it/s" not in line
        ]

    return run


def words_of(command: str, pair: tuple[Path, Path], out: Path) -> Sequence[object]:
    base, checkpoint = pair
    if command == "extract":
        return ("extract", "--base", base, "--checkpoint", checkpoint, "--out", out)
    options = ("--method", "last-checkpoint", "--observed", 1, "--out", out)
    return ("forecast", "--run", checkpoint, "--base", base, *options)


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """A disk that is full from so many bytes a file on: the system refuses to write more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def left_behind(folder: Path) -> list[Path]:
    """Scratch files and folders; locks may stay."""
    return [p for p in folder.rglob(".*") if p.suffix != ".lock"]


@pytest.mark.parametrize("command", ["extract", "forecast"])
@pytest.mark.parametrize("size", [0, 600, 9000])
def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    command: str,
    size: int,
    pair: tuple[Path, Path],
    tmp_path: Path,
    own_cache: Path,
    typed: Callable[..., Any],
) -> None:
    words = words_of(command, pair, tmp_path / "out")
    with no_file_above(size):
        code, lines = typed(*words)
    assert code == 2
    if size:  # Else there is no room for the line either.
        assert "File too large" in lines[-1]
        assert str(tmp_path) in lines[-1]
    assert not (tmp_path / "out").exists()
    assert left_behind(tmp_path) == []
    assert typed(*words)[0] == 0
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize("command", ["extract", "forecast"])
def test_a_disk_without_room_is_one_line(
    command: str, pair: tuple[Path, Path], tmp_path: Path, typed: Callable[..., Any]
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(small)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("this user may not mount a disk")
    try:
        code, lines = typed(*words_of(command, pair, small / "out"))
        assert code == 2
        assert lines[-1].startswith(f"alpharl-bench: {small / 'out'}: No space left on device")
        assert lines[-1].endswith(ENDED)
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["extract", "forecast"])
def test_a_signal_interrupts_and_nothing_half_written_stays(
    command: str,
    number: signal.Signals,
    pair: tuple[Path, Path],
    tmp_path: Path,
    own_cache: Path,
    typed: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ended(*_: Any, **__: Any) -> None:
        assert left_behind(tmp_path)
        os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr("safetensors.torch.save_file", ended)
        code, lines = typed(*words_of(command, pair, tmp_path / "out"))
    assert code == 130
    assert lines[-1].startswith("alpharl-bench: interrupted; no half-written file is left")
    assert lines[-1].endswith(ENDED)
    assert left_behind(tmp_path) == []
    assert not (tmp_path / "out").exists()
    assert signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}


def test_an_interrupted_training_says_how_to_go_on(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch, typed: Callable[..., Any]
) -> None:
    monkeypatch.setattr(parallel, "train_all", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    code, (line,) = typed("zoo", "train", "--all")
    assert code == 130
    assert line.endswith(ENDED)


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with signals_interrupt():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_a_library_makes_of_a_signal_is_undone() -> None:
    with signals_interrupt():
        with handlers_kept():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(15))  # as Ray does
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_an_output_folder_is_probed_before_any_work(
    pair: tuple[Path, Path],
    tmp_path: Path,
    typed: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extraction, "extract", lambda *_, **__: pytest.fail("work was done"))
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below", "", "/", "~nouser"):
        code, (line,) = typed(*words_of("extract", pair, out))  # type: ignore[arg-type]
        assert code == 2
        assert line.startswith("alpharl-bench: Invalid value for '--out': ")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("extract", ("--alpha", 1e6, "--format", "merged", "--dtype", "float16")),
        ("forecast", ("--method", "rlvr-weights", "--target", 2e9, "--dtype", "float16")),
    ],
)
def test_what_a_dtype_cannot_hold_is_not_written(
    command: str,
    options: tuple[object, ...],
    pair: tuple[Path, Path],
    tmp_path: Path,
    typed: Callable[..., Any],
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for step, trained in ((1, pair[0]), (2, pair[1])):
        (run / f"checkpoint-{step}").symlink_to(trained)
    base, checkpoint = pair
    of = {
        "extract": ("--base", base, "--checkpoint", checkpoint),
        "forecast": ("--run", run, "--base", base, "--observed", 1),
    }
    code, lines = typed(command, *of[command], "--out", tmp_path / "out", *options)
    assert code == 2
    assert "values are infinite or NaN as float16" in lines[-1]
    assert list(tmp_path.iterdir()) == [run]


def test_a_step_that_is_none_is_refused(
    pair: tuple[Path, Path], tmp_path: Path, typed: Callable[..., Any]
) -> None:
    words = [*words_of("forecast", pair, tmp_path / "out"), "--method", "relex", "--target"]
    for step in ("-1", "0", "0.99"):
        code, lines = typed(*words, step)
        assert (code, lines[-1]) == (
            2,
            f"alpharl-bench: --target {step}: relex takes a step, from 1 on",
        )


def test_another_encoding_is_no_reason_to_fail() -> None:
    done = started("paper", PYTHONIOENCODING="latin-1", stdout=subprocess.PIPE)
    out, err = done.communicate()
    assert (done.returncode, err) == (0, b"")
    assert rb"\u201c" in out


def test_a_full_output_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = started("--help", stdout=full)
    line = b"alpharl-bench: standard output: No space left on device; make room on this disk, or "
    assert done.communicate()[1] == line + b"name another\n"
    assert done.returncode == 2


def test_a_reader_that_has_gone_is_no_error_to_tell_of() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = started("--help", stdout=writing)
    os.close(writing)
    assert done.communicate()[1] == b""
    assert done.returncode == 1


def test_a_full_standard_error_leaves_the_exit_code() -> None:
    with Path("/dev/full").open("wb") as full:
        done = started("doctor", stderr=full, stdout=subprocess.PIPE)
    assert done.communicate()[0] == b""
    assert done.returncode == 2


def test_closed_streams_are_no_tracebacks() -> None:
    script = shutil.which("alpharl-bench")
    for closed in ("1>&-", "2>&-"):
        shell = ["sh", "-c", f"{script} --help {closed}"]
        done = subprocess.run(shell, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def started(*words: str, **given: Any) -> "subprocess.Popen[bytes]":
    """A process of its own, with these variables and streams."""
    streams = {"stderr": subprocess.PIPE} | {k: v for k, v in given.items() if k.startswith("std")}
    environment = os.environ | {k: v for k, v in given.items() if not k.startswith("std")}
    script = shutil.which("alpharl-bench")
    assert script is not None
    return subprocess.Popen([script, *words], env=environment, **streams)


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    code = "import os; os.mkdir('x'); os.chdir('x'); os.rmdir('../x'); import sys;"
    code += (
        "sys.argv = ['alpharl-bench', 'doctor', 'run']; from alpharl_bench.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr


def test_errors_of_libraries_that_write_are_errors_of_the_system(tmp_path: Path) -> None:
    with no_file_above(100), pytest.raises(RuntimeError) as raised:
        torch.save({"a": torch.zeros(1000)}, tmp_path / "x.pt")
    found = system_error(raised.value)
    assert found is not None
    assert os_fault(found) == "a file could not be written in full"
    assert system_error(RuntimeError("shape mismatch")) is None
    assert system_error(KeyError("x")) is None


@pytest.mark.parametrize("write", [cache.whole_file, cache.whole_folder])
def test_an_error_while_writing_names_what_was_to_be_written(
    write: Callable[[Path], Any], tmp_path: Path
) -> None:
    def failing(error: Exception) -> None:
        with write(tmp_path / "name"):
            raise error

    with pytest.raises(OSError, match="No space") as raised:
        failing(OSError(28, "No space left on device"))
    assert raised.value.filename == str(tmp_path / "name")
    with pytest.raises(OSError, match="No space") as raised:
        failing(OSError(28, "No space left on device", str(tmp_path / ".name.abc" / "file")))
    assert raised.value.filename == str(tmp_path / "name")
    # What is read, and what is no error of the system, stays as it is.
    with pytest.raises(OSError, match="Permission") as raised:
        failing(OSError(13, "Permission denied", "/model/config.json"))
    assert raised.value.filename == "/model/config.json"
    with pytest.raises(KeyError):
        failing(KeyError("x"))
    assert list(tmp_path.iterdir()) == []
