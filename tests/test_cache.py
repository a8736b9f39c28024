"""The cache: keys, the folder, locks, and files that appear whole or not at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.cache import (
    CACHE_VARIABLE,
    cache_root,
    content_key,
    locked,
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
