"""The cap on the cache, and what is measured against it."""

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.runs import disk


@pytest.mark.parametrize("value", ["much", "", "-1", "0", "nan", "inf", "1e308"])
def test_a_cap_that_is_no_size_is_named(value, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_MAX_DISK", value)
    with pytest.raises(AlphaRLBenchError, match=f"ALPHARL_BENCH_MAX_DISK: '{value}' is not"):
        disk.disk_cap()


def test_links_are_not_followed_when_sizes_are_measured(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "large").write_bytes(b"0" * 10_000)
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "small").write_bytes(b"0" * 10)
    (tmp_path / "near" / "link").symlink_to(tmp_path / "far")
    assert 10 <= disk.folder_bytes(tmp_path / "near") < 1000
