"""Headers of safetensors, whole, odd and hostile; the truth is the library of the format."""

import json
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from alpharl_bench.checkpoints import WeightFiles, safetensors_file
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.limits import HEADER_BYTES

QUICK = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(folder: Path, header: object, content: bytes = b"") -> Path:
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + content)
    return path


def entry(dtype: str, shape: list, start: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


ONE = entry("F32", [2], 0, 8)


@pytest.mark.parametrize(
    ("header", "content", "reason"),
    [
        ([], b"", "no JSON object"),
        (b"", b"", "EOF"),
        (b"\xff\xff", b"", "utf-8"),
        (b"[" * 5000, b"", "recursion"),
        ({"w": []}, b"", "w"),
        ({"w": {**ONE, "dtype": 7}}, bytes(8), "w.dtype"),
        ({"w": {**ONE, "shape": [-2]}}, bytes(8), "w.shape.0"),
        ({"w": {**ONE, "shape": ["2"]}}, bytes(8), "w.shape.0"),
        ({"w": {**ONE, "shape": [2**80]}}, bytes(8), "w.shape.0"),
        ({"w": {**ONE, "data_offsets": [0]}}, bytes(8), "offsets"),
        ({"w": {**ONE, "data_offsets": [8, 0]}}, bytes(8), "has -8 bytes"),
        ({"w": {**ONE, "data_offsets": [0, 4]}}, bytes(8), "has 4 bytes"),
        ({"w": ONE}, bytes(4), "its tensors end at"),
        ({"w": ONE}, bytes(16), "its tensors end at"),
        ({"w": entry("F32", [2], 4, 12)}, bytes(12), "does not begin where"),
        ({"a": ONE, "b": ONE}, bytes(8), "does not begin where"),
        ({"w": entry("F32", [0, 2**62, 2**62], 0, 0)}, b"", "shape"),
        ({"w": entry("F32", [1] * 65 + [2], 0, 8)}, bytes(8), "shape"),
        ({"w": entry("F4", [3], 0, 1)}, bytes(1), "bytes"),
    ],
    ids=repr,
)
def test_a_damaged_header_is_one_line(tmp_path, header, content, reason):
    path = written(tmp_path, header, content)
    with pytest.raises(AlphaRLBenchError) as caught:
        _ = WeightFiles(tmp_path).names
    assert str(caught.value).startswith(f"{path}: cannot be read as safetensors: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_header_that_says_it_is_larger_than_any_is_not_read(tmp_path):
    path = tmp_path / "model.safetensors"
    for length in (HEADER_BYTES + 1, 2**63, 2**64 - 1):
        with path.open("wb") as file:
            file.write(struct.pack("<Q", length))
            file.truncate(1 << 40)
        with pytest.raises(AlphaRLBenchError, match="header would be larger than 100 MB"):
            _ = WeightFiles(tmp_path).names


def test_names_that_stand_twice_are_one_tensor_or_an_error(tmp_path):
    twice = b'{"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "w": %s}'
    written(tmp_path, twice % b'{"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}', b"ab")
    with pytest.raises(AlphaRLBenchError, match="does not begin where"):
        _ = WeightFiles(tmp_path).names


def test_empty_and_scalar_tensors_are_read(tmp_path):
    tensors = {"none": torch.empty(0, 3), "one": torch.tensor(7.0), "last": torch.ones(2)}
    save_file(tensors, tmp_path / "model.safetensors")
    weights = WeightFiles(tmp_path)
    for name, tensor in tensors.items():
        assert torch.equal(weights.tensor(name), tensor)
        assert weights.shape(name) == tuple(tensor.shape)


def test_a_file_that_was_cut_short_since_is_an_error(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"w": torch.ones(100_000)}, path)
    weights = WeightFiles(tmp_path)
    assert weights.names == ["w"]
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(AlphaRLBenchError, match="cannot be mapped"):
        weights.tensor("w")


DTYPES = ("F64", "F32", "F16", "BF16", "I8", "U8", "BOOL", "F8_E4M3", "F9", "")
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(DTYPES),
        "shape": st.lists(st.integers(-1, 3), max_size=3),
        "data_offsets": st.tuples(st.integers(0, 12), st.integers(0, 16)).map(list),
    }
)


@given(
    header=st.dictionaries(st.sampled_from(["a", "b", "__metadata__"]), ENTRIES | st.none()),
    content=st.binary(max_size=16),
)
@QUICK
def test_what_the_library_reads_is_read_alike_and_nothing_else_is(tmp_path, header, content):
    path = written(tmp_path, header, content)
    try:
        with safe_open(path, framework="pt") as file:
            truth = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError):
        truth = None
    try:
        found = {name: t.mapped(path) for name, t in safetensors_file.tensors_in(path).items()}
    except AlphaRLBenchError:
        found = None
    if truth is None:
        # The library reads metadata too; here they are no matter.
        assert found is None or "__metadata__" in header
        return
    assert found is not None
    assert found.keys() == truth.keys()
    for name, tensor in truth.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert bytes(found[name].flatten().view(torch.uint8)) == bytes(
            tensor.flatten().view(torch.uint8)
        )


def test_a_header_is_read_once_for_all_of_its_tensors(tmp_path, monkeypatch):
    tensors = {f"w{i}": torch.full((2,), float(i)) for i in range(50)}
    save_file(tensors, tmp_path / "model.safetensors")
    reads = []
    monkeypatch.setattr(
        safetensors_file, "parsed", lambda text: reads.append(text) or json.loads(text)
    )
    weights = WeightFiles(tmp_path)
    for i in range(50):
        assert weights.tensor(f"w{i}").tolist() == [i, i]
        assert weights.shape(f"w{i}") == (2,)
    assert len(reads) == 1
