"""The tensor store: many entries to a file, whole or not there."""

import pytest
import torch

from alpharl_bench.spectral import tensor_store
from alpharl_bench.spectral.tensor_store import Entry, TensorStore


def entry(number: int) -> Entry:
    return Entry({"left": torch.full((3, 1), float(number))}, {"norm": number / 3, "method": "x"})


def test_what_is_put_within_a_second_is_one_file_and_comes_back(tmp_path):
    store = TensorStore(tmp_path)
    for number in range(5):
        store.put(f"model.experts[{number}].r1", entry(number))
    store.write()
    assert len(list(tmp_path.iterdir())) == 1
    later = TensorStore(tmp_path)
    assert "model.experts[3].r1" not in later
    later.refresh()
    for known in (store, later):
        found = known.get("model.experts[3].r1")
        assert found is not None
        assert torch.equal(found.tensors["left"], entry(3).tensors["left"])
        assert found.about == entry(3).about
    assert later.get("model.experts[5].r1") is None


@pytest.mark.parametrize("limit", ["_SECONDS", "_BYTES"])
def test_what_waits_is_written_before_it_is_too_much(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(tensor_store, limit, 0)
    store = TensorStore(tmp_path)
    store.put("a", entry(1))
    assert len(list(tmp_path.iterdir())) == 1
    store.put("b", entry(2))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("small", [0, 1 << 20])
def test_a_large_file_is_read_entry_by_entry(tmp_path, monkeypatch, small):
    monkeypatch.setattr(tensor_store, "_SMALL", small)
    store = TensorStore(tmp_path)
    store.put("a", entry(1))
    store.put("b", entry(2))
    store.write()
    assert float(store.get("b").tensors["left"][0]) == 2
    assert float(store.get("a").tensors["left"][0]) == 1


def test_a_damaged_file_is_passed_over(tmp_path):
    store = TensorStore(tmp_path)
    store.put("a", entry(1))
    store.write()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-4])
    assert store.get("a") is None
    assert "a" not in store
    again = TensorStore(tmp_path)
    again.refresh()
    assert "a" not in again
    again.put("a", entry(1))
    again.write()
    assert again.get("a") is not None
