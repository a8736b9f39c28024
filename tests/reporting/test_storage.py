"""A stored session on disk: compressed, or plain as earlier versions left it."""

import shutil
import subprocess

import pytest
import zstandard

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting import load_session, storage
from alpharl_bench.reporting.storage import RESPONSES, SESSION, read_stored, stored, write_stored
from tests.reporting.test_session import stored as session_in


def as_earlier_versions(folder):
    """Both files plain."""
    for name in (SESSION, RESPONSES):
        compressed = stored(folder, name)
        (folder / name).write_bytes(read_stored(compressed))
        compressed.unlink()


def test_what_is_written_is_small_and_read_again(tmp_path):
    text = '{"name": "σ₁", "values": [0.1, 0.2]}\n' * 1000
    write_stored(tmp_path, RESPONSES, text)
    (file,) = tmp_path.iterdir()
    assert file == stored(tmp_path, RESPONSES) == tmp_path / "scores.jsonl.zst"
    assert file.stat().st_size < len(text) / 100
    assert read_stored(file) == text.encode()


@pytest.mark.skipif(shutil.which("zstd") is None, reason="no zstd here: apt-get install zstd")
def test_it_is_what_the_program_zstd_reads_and_writes(tmp_path):
    text = "a line\n" * 1000
    write_stored(tmp_path, RESPONSES, text)
    command = ["zstd", "--decompress", "--stdout", stored(tmp_path, RESPONSES)]
    assert subprocess.run(command, capture_output=True, check=True).stdout == text.encode()
    (tmp_path / SESSION).write_text(text)
    # From a stream, without its size in front.
    with (tmp_path / SESSION).open("rb") as plain, (tmp_path / f"{SESSION}.zst").open("wb") as to:
        subprocess.run(["zstd"], stdin=plain, stdout=to, check=True)
    assert read_stored(stored(tmp_path, SESSION)) == text.encode()


def test_plain_files_are_read_and_give_way_to_compressed_ones(synthetic, tmp_path):
    session_in(synthetic, tmp_path)
    new = load_session(tmp_path)
    as_earlier_versions(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {SESSION, RESPONSES}
    old = load_session(tmp_path)
    assert repr(old) == repr(new)
    old.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{SESSION}.zst", f"{RESPONSES}.zst"}


@pytest.mark.parametrize("name", [SESSION, RESPONSES])
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b[:60] + bytes([b[60] ^ 255]) + b[61:]]
)
def test_a_damaged_file_is_named(name, plain, damage, synthetic, tmp_path):
    session_in(synthetic, tmp_path)
    if plain:
        as_earlier_versions(tmp_path)
    file = stored(tmp_path, name)
    assert file.name == (name if plain else f"{name}.zst")
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(AlphaRLBenchError, match=str(file)) as caught:
        load_session(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("more", [b"x", b"\0" * 9])
def test_a_file_with_something_behind_its_end_is_damaged(more, tmp_path):
    write_stored(tmp_path, RESPONSES, "a")
    file = stored(tmp_path, RESPONSES)
    file.write_bytes(file.read_bytes() + more)
    with pytest.raises(AlphaRLBenchError, match="not a whole Zstandard file"):
        read_stored(file)


def test_a_missing_file_is_named(synthetic, tmp_path):
    session_in(synthetic, tmp_path)
    stored(tmp_path, RESPONSES).unlink()
    with pytest.raises(AlphaRLBenchError, match=r"scores\.jsonl\.zst: no stored scores"):
        load_session(tmp_path)


def test_what_unpacks_to_more_than_a_session_is_refused_before_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "SESSION_BYTES", 1000)
    whole = zstandard.ZstdCompressor().compress(bytes(10**6))
    (tmp_path / "session.json.zst").write_bytes(whole)
    with pytest.raises(AlphaRLBenchError, match="would unpack to 1 MB, more than the 1 KB"):
        storage.read_stored(tmp_path / "session.json.zst")
    # One that does not say how large it is.
    stream = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(10**6))
    (tmp_path / "session.json.zst").write_bytes(stream)
    with pytest.raises(AlphaRLBenchError, match="not a whole Zstandard file"):
        storage.read_stored(tmp_path / "session.json.zst")
