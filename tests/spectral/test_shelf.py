"""The shelf: many entries to a file, whole or not there."""

import pytest
import torch

from alpharl_bench.spectral import shelf as shelves
from alpharl_bench.spectral.shelf import Entry, Shelf


def entry(number: int) -> Entry:
    return Entry({"left": torch.full((3, 1), float(number))}, {"norm": number / 3, "method": "x"})


def test_what_is_put_within_a_second_is_one_file_and_comes_back(tmp_path):
    shelf = Shelf(tmp_path)
    for number in range(5):
        shelf.put(f"model.experts[{number}].r1", entry(number))
    shelf.write()
    assert len(list(tmp_path.iterdir())) == 1
    later = Shelf(tmp_path)
    assert "model.experts[3].r1" not in later
    later.look()
    for known in (shelf, later):
        found = known.get("model.experts[3].r1")
        assert found is not None
        assert torch.equal(found.tensors["left"], entry(3).tensors["left"])
        assert found.about == entry(3).about
    assert later.get("model.experts[5].r1") is None


@pytest.mark.parametrize("limit", ["_SECONDS", "_BYTES"])
def test_what_waits_is_written_before_it_is_too_much(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(shelves, limit, 0)
    shelf = Shelf(tmp_path)
    shelf.put("a", entry(1))
    assert len(list(tmp_path.iterdir())) == 1
    shelf.put("b", entry(2))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("small", [0, 1 << 20])
def test_a_large_file_is_read_entry_by_entry(tmp_path, monkeypatch, small):
    monkeypatch.setattr(shelves, "_SMALL", small)
    shelf = Shelf(tmp_path)
    shelf.put("a", entry(1))
    shelf.put("b", entry(2))
    shelf.write()
    assert float(shelf.get("b").tensors["left"][0]) == 2
    assert float(shelf.get("a").tensors["left"][0]) == 1


def test_a_damaged_file_is_passed_over(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.put("a", entry(1))
    shelf.write()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-4])
    assert shelf.get("a") is None
    assert "a" not in shelf
    again = Shelf(tmp_path)
    again.look()
    assert "a" not in again
    again.put("a", entry(1))
    again.write()
    assert again.get("a") is not None
