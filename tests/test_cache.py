"""The cache: keys, the folder, locks, and files that appear whole or not at all."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.cache import (
    CACHE_VARIABLE,
    cache_root,
    content_key,
    file_digest,
    locked,
    locked_if_free,
    remove_folder,
    scratch_folder,
    sweep_scratch,
    sweep_unfinished_folders,
    whole_file,
    whole_folder,
    write_whole,
)
from alpharl_bench.errors import AlphaRLBenchError

PARTS = st.dictionaries(
    st.text("abc", min_size=1, max_size=2),
    st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    max_size=3,
)


@given(PARTS, PARTS)
@settings(deadline=None)
def test_two_keys_agree_exactly_when_the_parts_do(one: dict, other: dict) -> None:
    assert (content_key(**one) == content_key(**other)) == (one == other)


def test_the_order_of_parts_does_not_matter() -> None:
    assert content_key(a=1, b={"x": 1, "y": 2}) == content_key(b={"y": 2, "x": 1}, a=1)


def test_a_key_is_the_same_in_another_process() -> None:
    code = "from alpharl_bench.cache import content_key; print(content_key(a=[1, 'é'], b=None))"
    other = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == content_key(b=None, a=[1, "é"])


def test_a_part_that_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        content_key(path=Path("model"))


def test_the_root_is_the_folder_of_the_environment_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "a" / "b"))
    assert cache_root() == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_home_folder_is_expanded_and_an_odd_root_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(CACHE_VARIABLE, "~/mine")
    assert cache_root() == tmp_path / "mine"
    for odd in ("~nouser/x", "a" * 5000, " "):
        monkeypatch.setenv(CACHE_VARIABLE, odd)
        with pytest.raises(AlphaRLBenchError, match=f"cache folder '.*{CACHE_VARIABLE}"):
            cache_root()


def test_an_unwritable_root_is_reported_with_the_variable_that_moves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    inside_a_file = tmp_path / "file" / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(inside_a_file))
    with pytest.raises(AlphaRLBenchError) as caught:
        cache_root()
    assert str(inside_a_file) in str(caught.value)
    assert CACHE_VARIABLE in str(caught.value)


def test_a_folder_appears_only_at_the_end_of_the_block(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "new" / "run") as scratch:
        (scratch / "weights").write_text("w")
        assert not (tmp_path / "new" / "run").exists()
    assert (tmp_path / "new" / "run" / "weights").read_text() == "w"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["run"]


def test_a_folder_replaces_the_old_one_wholly(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").touch()
    with whole_folder(tmp_path / "run") as scratch:
        (scratch / "new").touch()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["new"]


def test_a_folder_can_be_read_by_everybody(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "run") as scratch:
        (scratch / "deeper").mkdir()
        file = scratch / "deeper" / "weights"
        file.touch(mode=0o600)  # as safetensors writes them
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "run" / "deeper" / "weights").stat().st_mode & 0o777 == 0o644


def _fail_inside(path: Path, error: BaseException) -> None:
    with whole_folder(path) as scratch:
        (scratch / "half").touch()
        raise error


@pytest.mark.parametrize("error", [RuntimeError("full disk"), KeyboardInterrupt()])
def test_a_failed_folder_leaves_nothing_behind_and_the_old_one_as_it_was(
    tmp_path: Path, error: BaseException
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "kept").touch()
    for name in ("old", "new"):
        with pytest.raises(type(error)):
            _fail_inside(tmp_path / name, error)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["kept"]


def test_a_text_file_replaces_the_old_one(tmp_path: Path) -> None:
    for text in ("first, longer", "zweite ß"):
        write_whole(tmp_path / "deep" / "score.json", text)
    assert (tmp_path / "deep" / "score.json").read_text(encoding="utf-8") == "zweite ß"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["score.json"]


def test_a_failed_text_file_leaves_the_old_one_and_no_scratch(tmp_path: Path) -> None:
    write_whole(tmp_path / "score.json", "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "score.json", "new \ud800")  # a lone surrogate is not UTF-8
    assert (tmp_path / "score.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["score.json"]


def test_a_file_appears_only_at_the_end_of_the_block(tmp_path: Path) -> None:
    path = tmp_path / "new" / "factors.safetensors"
    with whole_file(path) as scratch:
        scratch.write_bytes(b"half")
        assert not path.exists()
        assert scratch.parent == path.parent  # the rename stays on one disk
        scratch.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]
    # As a plain open() leaves it, not as the private scratch file.
    assert path.stat().st_mode & 0o777 == 0o644


def test_who_has_the_old_file_open_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "factors"
    path.write_bytes(b"old and long")
    with path.open("rb") as reader:
        with whole_file(path) as scratch:
            scratch.write_bytes(b"new")
        assert reader.read() == b"old and long"
    assert path.read_bytes() == b"new"


def _write_and_fail(path: Path, error: BaseException) -> None:
    with whole_file(path) as scratch:
        scratch.write_bytes(b"half")
        raise error


@pytest.mark.parametrize("error", [RuntimeError("full disk"), KeyboardInterrupt()])
def test_a_failed_file_leaves_nothing_behind_and_the_old_one_as_it_was(
    tmp_path: Path, error: BaseException
) -> None:
    (tmp_path / "old").write_text("kept")
    for name in ("old", "new"):
        with pytest.raises(type(error)):
            _write_and_fail(tmp_path / name, error)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "kept"


def test_two_writers_of_one_file_do_not_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    with whole_file(path) as one, whole_file(path) as other:
        one.write_text("one")
        other.write_text("other")
    # The block of `one` ends last.
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


# Is killed while it writes.
KILLED = """
import os, signal, sys
from pathlib import Path
from alpharl_bench.cache import whole_file
with whole_file(Path(sys.argv[1])) as scratch:
    scratch.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "factors.safetensors"
    path.write_bytes(b"old")
    others = ["config.json", ".factors.safetensors.lock", "notes.scratch", ".hidden"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / ".other.scratch").touch()  # under the lock of another folder
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == len(others) + 3
    sweep_scratch(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {*others, path.name, "deeper"}
    assert (tmp_path / "deeper" / ".other.scratch").exists()
    sweep_scratch(tmp_path)
    assert path.read_bytes() == b"old"


def test_there_is_nothing_to_sweep_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    sweep_scratch(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 21) + 3])
def test_the_digest_is_that_of_the_whole_content(tmp_path: Path, size: int) -> None:
    content = bytes(i * 31 % 251 for i in range(size % 4093)) + bytes(max(0, size - size % 4093))
    (tmp_path / "file").write_bytes(content)
    assert file_digest(tmp_path / "file") == xxhash.xxh3_128_hexdigest(content)


@pytest.mark.parametrize("place", [0, 1 << 20, -1], ids=["first", "after a block", "last"])
def test_one_changed_byte_changes_the_digest(tmp_path: Path, place: int) -> None:
    content = bytearray((1 << 20) + 5)
    (tmp_path / "one").write_bytes(content)
    content[place] ^= 1
    (tmp_path / "other").write_bytes(content)
    assert file_digest(tmp_path / "one") != file_digest(tmp_path / "other")


def test_a_file_that_is_written_again_is_digested_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seen = set()
    for content in (b"first", b"other", b"longer than both"):
        path.write_bytes(content)
        assert file_digest(path) == xxhash.xxh3_128_hexdigest(content)
        seen.add(file_digest(path))
    assert len(seen) == 3


def test_a_file_that_another_takes_the_place_of_is_digested_again(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"before")
    before = file_digest(path)
    other.write_bytes(b"after.")
    # The same name, size and time: only the file itself is another.
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert file_digest(path) == xxhash.xxh3_128_hexdigest(b"after.") != before


def test_a_file_that_grew_within_one_tick_of_the_clock_is_digested_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    before, status = file_digest(path), path.stat()
    with path.open("ab") as file:
        file.write(b" and after")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file_digest(path) == xxhash.xxh3_128_hexdigest(b"before and after") != before


def test_a_digest_is_worked_out_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    path = tmp_path / "file"
    path.write_bytes(b"content")
    digest = file_digest(path)

    def read(*_: object) -> NoReturn:
        pytest.fail("the file was read again")

    monkeypatch.setattr(xxhash, "xxh3_128", read)
    assert file_digest(path) == digest
    # By another way to the same file.
    (tmp_path / "link").symlink_to(path)
    assert file_digest(tmp_path / "link") == digest
    monkeypatch.chdir(tmp_path)
    assert file_digest(Path("file")) == digest


@pytest.mark.parametrize("left", [b"", b"\x00", b"0123456789abcdef"], ids=repr)
def test_a_kept_digest_that_is_damaged_is_worked_out_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: bytes
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    path = tmp_path / "file"
    path.write_bytes(b"content")
    digest = file_digest(path)
    kept = [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert len(kept) == 1
    kept[0].write_bytes(left)
    assert file_digest(path) == digest


# Reads a number and writes the next one, 30 times: two at once would lose some.
COUNT = """
import json, sys, time
from pathlib import Path
from alpharl_bench.cache import locked
counter = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(30):
    with locked(counter):
        number = json.loads(counter.read_text())
        time.sleep(0.001)
        counter.write_text(json.dumps(number + 1))
"""

# Takes the lock once, and is impatient.
HOLD = """
import sys
from pathlib import Path
from alpharl_bench import cache
cache._PATIENCE = 0.1
with cache.locked(Path(sys.argv[1])):
    Path(sys.argv[1]).write_text("1")
"""


def test_a_lock_excludes_a_second_process(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", COUNT, str(counter)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n", "ready\n"]
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
    assert [worker.returncode for worker in workers] == [0, 0]
    assert json.loads(counter.read_text()) == 60


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    with pytest.raises(RuntimeError), locked(counter):
        raise RuntimeError
    subprocess.run([sys.executable, "-c", COUNT, str(counter)], input="go\n", text=True, check=True)
    assert json.loads(counter.read_text()) == 30


def test_a_lock_that_is_held_is_not_waited_for(tmp_path: Path) -> None:
    with locked(tmp_path / "run"):
        with locked_if_free(tmp_path / "run") as free:
            assert not free
        with locked_if_free(tmp_path / "other") as free:
            assert free
    with locked_if_free(tmp_path / "run") as free:
        assert free
        with locked_if_free(tmp_path / "run") as again:
            assert not again


def test_who_waits_for_a_lock_says_so(tmp_path: Path, capsys) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    with locked(counter):
        worker = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(counter)], stderr=subprocess.PIPE, text=True
        )
        line = worker.stderr.readline()
    assert line == f"waiting for another process that is making {counter}\n"
    assert worker.wait() == 0
    assert counter.read_text() == "1"
    with locked(counter):
        pass
    assert capsys.readouterr().err == ""


def test_a_folder_is_removed_with_what_was_left_beside_it(tmp_path: Path) -> None:
    for name in ("run", ".run.half", ".runner.half", "runner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    with locked(tmp_path / "run"):
        remove_folder(tmp_path / "run")
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left == {".runner.half", "runner"}


def test_removing_a_folder_leaves_what_it_links_to(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "file").write_text("x")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(tmp_path / "far")
    remove_folder(tmp_path / "run")
    assert (tmp_path / "far" / "file").is_file()


# Is killed while it makes a folder; or waits, and then goes on.
MAKER = """
import os, signal, sys
from pathlib import Path
from alpharl_bench.cache import whole_folder
with whole_folder(Path(sys.argv[1])) as scratch:
    (scratch / "model.safetensors").write_bytes(b"half")
    print("ready", flush=True)
    if sys.stdin.readline() == "die\\n":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def maker(path: Path) -> subprocess.Popen[str]:
    """A process that is in the midst of making a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("by", ["the next command", "zoo clean"])
def test_what_a_killed_process_made_elsewhere_is_swept_and_nothing_else(
    tmp_path: Path, own_cache: Path, by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outs = tmp_path / "outs"
    for name in (".out.mine", ".out.k3l4m5n6", "out.abc", ".trash"):
        (outs / name).mkdir(parents=True)
        (outs / name / "weights").touch()
    dead, alive = maker(outs / "out"), maker(outs / "other")
    left = {path.name for path in outs.iterdir()}
    dead.communicate("die\n")
    assert {path.name for path in outs.iterdir()} == left
    if by == "zoo clean":
        sweep_unfinished_folders()
    else:
        with whole_folder(tmp_path / "elsewhere" / "new"):
            pass
    (gone,) = left - {path.name for path in outs.iterdir()}
    assert gone.startswith(".out.")
    assert gone not in {".out.mine", ".out.k3l4m5n6"}
    assert f"{outs / gone}: what a killed process had begun to write" in capsys.readouterr().err
    alive.communicate("go on\n")
    assert alive.returncode == 0
    assert (outs / "other" / "model.safetensors").read_bytes() == b"half"
    assert list((own_cache / "scratch").iterdir()) == []


def test_a_disk_that_is_not_there_keeps_the_record(tmp_path: Path, own_cache: Path) -> None:
    process = maker(tmp_path / "disk" / "out")
    process.communicate("die\n")
    (tmp_path / "disk").rename(tmp_path / "unmounted")
    sweep_unfinished_folders()
    (tmp_path / "unmounted").rename(tmp_path / "disk")
    assert len(list((tmp_path / "disk").iterdir())) == 1
    sweep_unfinished_folders()
    assert list((tmp_path / "disk").iterdir()) == []
    assert list((own_cache / "scratch").iterdir()) == []


def test_scratch_folders_of_two_at_once(own_cache: Path) -> None:
    with scratch_folder("vllm") as one, scratch_folder("vllm") as other:
        assert one.is_dir()
        assert other.is_dir()
    assert list((own_cache / "scratch").iterdir()) == []


@pytest.mark.parametrize("path", ["out", "new/../out"])
def test_a_folder_of_the_user_is_never_replaced(tmp_path: Path, path: str) -> None:
    def write() -> None:
        with whole_folder(tmp_path / path, replace=False):
            # Filled by someone else while the work was done.
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "theirs").touch()

    with pytest.raises(OSError, match="not empty"):
        write()
    assert (tmp_path / "out" / "theirs").is_file()
    assert {p.name for p in tmp_path.iterdir()} <= {"out", "new"}
