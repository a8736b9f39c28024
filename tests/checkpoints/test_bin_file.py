"""Files of ``torch.save``, whole and hostile; the truth is torch."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpharl_bench.checkpoints import WeightFiles, bin_file
from alpharl_bench.checkpoints.pickles import evaluate
from alpharl_bench.errors import AlphaRLBenchError

FILE = "pytorch_model.bin"


def fault(folder: Path) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        _ = WeightFiles(folder).names
    text = str(caught.value)
    assert str(folder / FILE) in text
    assert "\n" not in text
    return text


def rewritten(folder: Path, content: object, change) -> None:
    """A file of torch's whose entries are written again: ``change`` of name and content."""
    whole = io.BytesIO()
    torch.save(content, whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(folder / FILE, "w") as new:
        for name in old.namelist():
            change(new, name, old.read(name))


TENSORS = {
    "a matrix": torch.arange(6.0).reshape(2, 3),
    "turned": torch.arange(6.0).reshape(2, 3).T,
    "a part": torch.arange(20.0).reshape(4, 5)[1:3, ::2],
    "a scalar": torch.tensor(3, dtype=torch.int64),
    "empty": torch.empty(0, 4),
    "half": torch.ones(3).half(),
    "bfloat16": torch.ones(3).bfloat16(),
    "truth": torch.tensor([True, False]),
    "complex": torch.tensor([1 + 2j]),
    "eight bits": torch.ones(4).to(torch.float8_e4m3fn),
    "unsigned": torch.ones(2).to(torch.uint16),
    "a parameter": torch.nn.Parameter(torch.ones(2, 2)),
}


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_tensors_are_those_that_were_saved(tmp_path, protocol):
    state = OrderedDict(TENSORS)
    state._metadata = OrderedDict({"": {"version": 1}})
    torch.save(state, tmp_path / FILE, pickle_protocol=protocol)
    weights = WeightFiles(tmp_path)
    assert weights.names == sorted(TENSORS)
    for name, tensor in TENSORS.items():
        found = weights.tensor(name)
        assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
        # torch compares no numbers of eight bits, nor those without a sign.
        pair = [one.detach().contiguous().flatten().view(torch.uint8) for one in (found, tensor)]
        assert torch.equal(*pair)
        assert weights.dtype(name) == tensor.dtype


def test_tensors_that_share_a_storage(tmp_path):
    whole = torch.arange(12.0)
    torch.save({"a": whole[:4], "b": whole[4:].view(2, 4), "c": whole}, tmp_path / FILE)
    weights = WeightFiles(tmp_path)
    assert weights.tensor("b").tolist() == [[4, 5, 6, 7], [8, 9, 10, 11]]
    assert weights.tensor("c").tolist() == whole.tolist()


@given(
    shape=st.lists(st.integers(0, 4), max_size=3),
    dtype=st.sampled_from([torch.float32, torch.float16, torch.int8]),
    order=st.randoms(use_true_random=False),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_shape_and_order_of_dimensions(tmp_path, shape, dtype, order):
    dims = order.sample(range(len(shape)), len(shape))
    tensor = torch.randn(shape).mul(10).to(dtype).permute(dims)
    torch.save({"w": tensor}, tmp_path / FILE)
    assert torch.equal(WeightFiles(tmp_path).tensor("w"), tensor)


def test_entries_that_unpack_to_more_than_the_file_are_refused(tmp_path):
    rewritten(
        tmp_path,
        {"w": torch.zeros(1_000_000)},
        lambda new, name, content: new.writestr(name, content, zipfile.ZIP_DEFLATED),
    )
    assert (tmp_path / FILE).stat().st_size < 20_000
    assert "is compressed, which torch never does" in fault(tmp_path)


def test_more_values_than_the_storage_has_are_refused(tmp_path):
    for shape in ((2**45,), (1000, 1000)):
        torch.save({"w": torch.zeros(1).expand(shape)}, tmp_path / FILE)
        assert "has more values than the file" in fault(tmp_path)
    beyond = torch.zeros(8)[4:]

    def cut(new: zipfile.ZipFile, name: str, content: bytes) -> None:
        new.writestr(name, content[:16] if "/data/" in name else content)

    rewritten(tmp_path, {"w": beyond}, cut)
    assert "has more values than the file" in fault(tmp_path)


SPECIAL = {
    "sparse": (lambda: torch.eye(3).to_sparse(), "_rebuild_sparse_tensor"),
    "rows": (lambda: torch.eye(4).to_sparse_csr(), "_rebuild_sparse_tensor"),
    "quantised": (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "qtensor"),
    "meta": (lambda: torch.empty(3, device="meta"), "_rebuild_meta_tensor_no_storage"),
    "conjugated": (lambda: torch.ones(2, dtype=torch.complex64).conj(), "_rebuild_tensor_v2"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SPECIAL)
def test_what_has_no_plain_values_is_refused_by_its_name(tmp_path, kind):
    make, maker = SPECIAL[kind]
    torch.save({"fine": torch.ones(2), "odd": make()}, tmp_path / FILE)
    text = fault(tmp_path)
    assert "tensor 'odd' is made by torch._utils." in text
    assert maker in text


class Calls:
    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (Calls(os.system, "touch it"), "posix.system"),
        (Calls(eval, "1"), "builtins.eval"),
        (Calls(bytearray, 10**11), "builtins.bytearray"),
        (Calls(getattr, "x", "y"), "builtins.getattr"),
    ],
    ids=["system", "eval", "bytearray", "getattr"],
)
def test_what_would_run_is_named_and_nobody_is_told_to_run_it(tmp_path, call, named):
    torch.save({"w": torch.ones(2), "x": call}, tmp_path / FILE)
    text = fault(tmp_path)
    assert f"loading it would call {named.replace('builtins', '__builtin__')}" in text
    for advice in ("weights_only", "add_safe_globals", "trust", "torch.load"):
        assert advice not in text


def test_the_key_of_a_dictionary_cannot_take_for_ever():
    # Each tuple holds the one before it twice: its hash takes 2^60 steps.
    nested = b"q\x00h\x00\x86" * 60
    with pytest.raises(ValueError, match="key"):
        evaluate(b"\x80\x02})" + nested + b"K\x01s.")


def test_a_place_in_the_memo_takes_no_memory():
    # Python's unpickler would make a table of 2^31 places.
    assert evaluate(b"\x80\x02}r\xff\xff\xff\x7f.") == {}


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", pickle.dumps({"a": 1}), b"\x1f\x8b" + bytes(50), b"ustar" * 200],
    ids=repr,
)
def test_no_archive_of_torch(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    assert "cannot be read as a file of tensors alone" in fault(tmp_path)


def test_an_archive_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / FILE, "w") as file:
        file.writestr("a/data.pkl", b"")
        file.writestr("b/data.pkl", b"")
    assert "not the archive of one torch.save" in fault(tmp_path)


def test_a_directory_that_says_it_is_large_is_not_read(tmp_path):
    torch.save({"w": torch.ones(2)}, tmp_path / FILE)
    content = bytearray((tmp_path / FILE).read_bytes())
    end = content.rindex(b"PK\5\6")
    large = (1 << 30).to_bytes(4, "little")
    # A hole of a gibibyte before it, so that the directory might be there.
    with (tmp_path / FILE).open("wb") as file:
        file.seek(2 << 30)
        file.write(content[end : end + 12] + large + content[end + 16 :])
    assert "its directory is larger than 64 MB" in fault(tmp_path)


def test_numbers_of_another_byte_order(tmp_path):
    def change(new: zipfile.ZipFile, name: str, content: bytes) -> None:
        new.writestr(name, b"big" if name.endswith("byteorder") else content)

    rewritten(tmp_path, {"w": torch.ones(2)}, change)
    assert "big-endian" in fault(tmp_path)


def test_the_pickle_is_evaluated_once_for_all_tensors(tmp_path, monkeypatch):
    torch.save({f"w{i}": torch.full((2,), float(i)) for i in range(40)}, tmp_path / FILE)
    reads = []
    monkeypatch.setattr(bin_file, "evaluate", lambda data: reads.append(data) or evaluate(data))
    weights = WeightFiles(tmp_path)
    for i in range(40):
        assert weights.tensor(f"w{i}").tolist() == [i, i]
    assert len(reads) == 1
