"""Tensors of real model folders, whole and damaged."""

import json
import pickle
import shutil
import struct
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError

UP = "model.layers.1.mlp.up_proj.weight"
STACK = "model.layers.0.mlp.experts.gate_up_proj"
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.fixture(scope="module")
def model() -> Qwen3ForCausalLM:
    torch.manual_seed(0)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=20,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            tie_word_embeddings=True,
        )
    )


@pytest.fixture(params=["single file", "sharded", "bin", "sharded bin"])
def folder(model: Qwen3ForCausalLM, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    if "bin" in request.param:
        return saved_bin(tmp_path / "model", model, shards=2 if "sharded" in request.param else 1)
    size = "8KB" if request.param == "sharded" else "50GB"
    model.save_pretrained(tmp_path / "model", max_shard_size=size)
    return tmp_path / "model"


def saved_bin(folder: Path, model: Qwen3ForCausalLM, shards: int = 1) -> Path:
    """The state dict as transformers saved it before safetensors."""
    folder.mkdir()
    state = {name: value.detach() for name, value in model.named_parameters()}
    if shards == 1:
        torch.save(state, folder / "pytorch_model.bin")
        return folder
    weight_map = {}
    for number in range(shards):
        file = f"pytorch_model-{number + 1:05}-of-{shards:05}.bin"
        part = dict(list(state.items())[number::shards])
        torch.save({name: value.clone() for name, value in part.items()}, folder / file)
        weight_map |= dict.fromkeys(part, file)
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    return folder


def tensors_of(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path) if path.suffix == ".bin" else load_file(path)


def shard_of(folder: Path, name: str) -> Path:
    paths = [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    return next(path for path in paths if name in tensors_of(path))


def change(folder: Path, name: str, tensor: torch.Tensor) -> Path:
    """Put another tensor into the file that holds ``name``."""
    path = shard_of(folder, name)
    tensors = {key: value.clone() for key, value in tensors_of(path).items()} | {name: tensor}
    if path.suffix == ".bin":
        torch.save(tensors, path)
    else:
        save_file(tensors, path, metadata={"format": "pt"})
    return path


def single(folder: Path, **tensors: torch.Tensor) -> WeightFiles:
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    return WeightFiles(folder)


def fault(folder: Path, name: str) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        WeightFiles(folder).tensor(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_tensor_is_that_of_the_model(folder: Path, model: Qwen3ForCausalLM) -> None:
    weights = WeightFiles(folder)
    truth = dict(model.named_parameters())
    assert weights.names == sorted(truth)
    assert weights.present
    for name, parameter in truth.items():
        assert torch.equal(weights.tensor(name), parameter.data)
        assert weights.shape(name) == tuple(parameter.shape)
        assert weights.dtype(name) == torch.float32
        assert weights.file(name) == shard_of(folder, name)
    assert weights.files == sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int64])
@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_a_tensor_keeps_its_dtype(tmp_path: Path, dtype: torch.dtype, suffix: str) -> None:
    tensor = torch.arange(6).reshape(2, 3).to(dtype)
    if suffix == "bin":
        torch.save({"w": tensor}, tmp_path / "pytorch_model.bin")
    else:
        save_file({"w": tensor}, tmp_path / "model.safetensors")
    weights = WeightFiles(tmp_path)
    assert weights.dtype("w") == weights.tensor("w").dtype == dtype
    assert torch.equal(weights.tensor("w"), tensor)


def test_safetensors_are_preferred_to_bin(tmp_path: Path) -> None:
    torch.save({"old": torch.ones(2)}, tmp_path / "pytorch_model.bin")
    assert WeightFiles(tmp_path).names == ["old"]
    assert single(tmp_path, new=torch.ones(2)).names == ["new"]


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_a_matrix_of_a_stack(tmp_path: Path, kind: str) -> None:
    stack = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0))
    if kind == "bin":
        torch.save({STACK: stack}, tmp_path / "pytorch_model.bin")
    else:
        save_file({STACK: stack}, tmp_path / "model.safetensors")
    weights = WeightFiles(tmp_path)
    assert weights.names == [STACK]
    for expert in range(3):
        assert torch.equal(weights.tensor(f"{STACK}[{expert}]"), stack[expert])
        assert weights.shape(f"{STACK}[{expert}]") == (4, 2)
        assert weights.dtype(f"{STACK}[{expert}]") == torch.float32
        assert weights.file(f"{STACK}[{expert}]") == weights.file(STACK)


@pytest.mark.parametrize("read", ["tensor", "shape", "dtype"])
def test_a_matrix_that_a_stack_does_not_have(tmp_path: Path, read: str) -> None:
    weights = single(tmp_path, **{STACK: torch.ones(3, 4, 2)})
    with pytest.raises(AlphaRLBenchError) as caught:
        getattr(weights, read)(f"{STACK}[3]")
    assert str(tmp_path / "model.safetensors") in str(caught.value)
    assert f"{STACK}[3]" in str(caught.value)


def test_only_the_matrix_that_is_asked_for_must_be_finite(tmp_path: Path) -> None:
    stack = torch.ones(3, 4, 2)
    stack[1, 0, 0] = torch.nan
    weights = single(tmp_path, **{STACK: stack})
    assert torch.equal(weights.tensor(f"{STACK}[2]"), torch.ones(4, 2))
    assert f"'{STACK}[1]' holds NaN" in fault(tmp_path, f"{STACK}[1]")


# ---- ΔW ----

DTYPES = [torch.float32, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("before", DTYPES)
@pytest.mark.parametrize("after", DTYPES)
def test_delta_is_the_float32_nearest_to_the_true_difference(
    tmp_path: Path, before: torch.dtype, after: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(0)
    old = torch.randn(7, 5, generator=generator).to(before)
    new = (old.float() * (1 + 0.01 * torch.randn(7, 5, generator=generator))).to(after)
    delta = single(tmp_path / "trained", w=new).delta(single(tmp_path / "base", w=old), "w")
    truth = new.double().numpy() - old.double().numpy()
    assert delta.dtype == torch.float32
    np.testing.assert_array_equal(delta.numpy(), truth.astype(np.float32))


def test_a_small_update_of_bfloat16_weights_is_not_rounded_away(tmp_path: Path) -> None:
    # 3/1024 and 1 are bfloat16 numbers; 1 - 3/1024 = 1021/1024 needs ten bits, bfloat16 has eight.
    base = single(tmp_path / "base", w=torch.tensor([[3 / 1024]], dtype=torch.bfloat16))
    trained = single(tmp_path / "trained", w=torch.tensor([[1.0]], dtype=torch.bfloat16))
    assert trained.delta(base, "w").item() == 1021 / 1024


def test_the_delta_of_a_stacked_matrix(tmp_path: Path) -> None:
    base = single(tmp_path / "base", w=torch.zeros(2, 3, 2))
    trained = single(tmp_path / "trained", w=torch.arange(12.0).reshape(2, 3, 2))
    expected = [[6.0, 7.0], [8.0, 9.0], [10.0, 11.0]]
    assert trained.delta(base, "w[1]").tolist() == expected


def test_a_delta_leaves_the_files_as_they_are(tmp_path: Path) -> None:
    base = single(tmp_path / "base", w=torch.zeros(3, 2))
    trained = single(tmp_path / "trained", w=torch.ones(3, 2))
    trained.delta(base, "w").mul_(7)
    assert torch.equal(trained.tensor("w"), torch.ones(3, 2))
    assert torch.equal(base.tensor("w"), torch.zeros(3, 2))


def test_a_delta_of_two_shapes_is_refused(tmp_path: Path) -> None:
    # (1, 3) would broadcast against (2, 3) without a word.
    base = single(tmp_path / "base", w=torch.ones(2, 3))
    trained = single(tmp_path / "trained", w=torch.ones(1, 3))
    with pytest.raises(AlphaRLBenchError) as caught:
        trained.delta(base, "w")
    for part in (str(trained.files[0]), str(base.folder), "'w'", "(1, 3)", "(2, 3)"):
        assert part in str(caught.value)


def test_parameters_that_were_pickled_whole_carry_no_gradient(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.ones(2, 2))
    torch.save({"w": parameter}, tmp_path / "pytorch_model.bin")
    base = single(tmp_path / "base", w=torch.zeros(2, 2))
    assert WeightFiles(tmp_path).delta(base, "w").numpy().tolist() == [[1, 1], [1, 1]]


# ---- values that are not finite ----

SPECIAL = [float("nan"), float("inf"), float("-inf")]


@pytest.mark.parametrize("value", SPECIAL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_a_value_that_is_not_finite(folder: Path, value: float, dtype: torch.dtype) -> None:
    # A copy: the file is written again, and what is mapped would change with it.
    damaged = WeightFiles(folder).tensor(UP).to(dtype, copy=True)
    damaged[3, 5] = value
    path = change(folder, UP, damaged)
    message = fault(folder, UP)
    assert str(path) in message
    assert f"'{UP}'" in message
    # The others can still be read: nothing is looked at before it is asked for.
    assert WeightFiles(folder).tensor("model.norm.weight").shape == (16,)
    assert WeightFiles(folder).shape(UP) == (24, 16)


@pytest.mark.parametrize(
    "dtype",
    [
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.complex64),
        *(torch.uint64, torch.uint32, torch.uint16, torch.uint8),
        *(torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2, torch.float8_e5m2fnuz),
        torch.float8_e8m0fnu,
    ],
    ids=str,
)
def test_every_dtype_of_safetensors_is_told_without_its_values(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    weights = single(tmp_path, w=torch.ones(2, 3).to(dtype))
    assert weights.dtype("w") == dtype
    assert weights.shape("w") == (2, 3)


def test_a_dtype_that_torch_does_not_have_is_named(tmp_path: Path) -> None:
    encoded = json.dumps({"w": {"dtype": "F6_E2M3", "shape": [4], "data_offsets": [0, 3]}}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + b"abc")
    with pytest.raises(AlphaRLBenchError) as caught:
        WeightFiles(tmp_path).dtype("w")
    for part in (str(path), "'w'", "F6_E2M3"):
        assert part in str(caught.value)


def test_infinities_that_cancel_are_found(tmp_path: Path) -> None:
    single(tmp_path, w=torch.tensor([float("inf"), float("-inf")]))
    assert "'w' holds NaN or infinite values" in fault(tmp_path, "w")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_finite_values_whose_sum_overflows_are_read(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = torch.full((4, 4), torch.finfo(dtype).max, dtype=dtype)
    assert torch.equal(single(tmp_path, w=tensor).tensor("w"), tensor)


def test_a_quantized_tensor_is_read_as_it_is(tmp_path: Path) -> None:
    tensor = torch.tensor([[0.5, -2.0]]).to(torch.float8_e4m3fn)
    read = single(tmp_path, w=tensor).tensor("w")
    assert read.dtype == torch.float8_e4m3fn
    assert read.float().tolist() == [[0.5, -2.0]]


@given(
    values=st.lists(st.floats(width=16), min_size=1, max_size=12),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tensor_is_refused_exactly_when_numpy_finds_a_value_that_is_not_finite(
    tmp_path: Path, values: list[float], dtype: type
) -> None:
    array = np.array(values, dtype=dtype)
    weights = single(tmp_path, w=torch.from_numpy(array))
    if np.isfinite(array).all():
        np.testing.assert_array_equal(weights.tensor("w").numpy(), array)
    else:
        assert "'w' holds NaN or infinite values" in fault(tmp_path, "w")


# ---- damaged folders ----


def test_a_missing_shard(model: Qwen3ForCausalLM, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path, max_shard_size="8KB")
    shard = shard_of(tmp_path, UP)
    shard.unlink()
    assert list(tmp_path.glob("*.safetensors"))  # others are still there
    message = fault(tmp_path, "model.norm.weight")
    assert str(tmp_path) in message
    assert shard.name in message


def test_a_missing_shard_of_a_bin(model: Qwen3ForCausalLM, tmp_path: Path) -> None:
    folder = saved_bin(tmp_path / "model", model, shards=2)
    shard = shard_of(folder, UP)
    shard.unlink()
    message = fault(folder, "model.norm.weight")
    assert str(folder) in message
    assert shard.name in message


@pytest.mark.parametrize("kept", [0, 4, 200, -1])
def test_a_file_that_is_cut_short(folder: Path, kept: int) -> None:
    path = shard_of(folder, UP)
    path.write_bytes(path.read_bytes()[:kept])
    assert str(path) in fault(folder, UP)


def test_a_pointer_of_git_lfs_in_place_of_the_file(folder: Path) -> None:
    path = shard_of(folder, UP)
    path.write_bytes(LFS_POINTER)
    assert str(path) in fault(folder, UP)


def test_a_tensor_that_is_not_there(folder: Path) -> None:
    message = fault(folder, "model.layers.7.mlp.up_proj.weight")
    assert str(folder) in message
    assert "'model.layers.7.mlp.up_proj.weight'" in message


def test_a_folder_without_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert not WeightFiles(folder).present
        message = fault(folder, UP)
        assert f"{folder}: no weights here; looked for " in message
        for name in ("model.safetensors", "pytorch_model.bin", "pytorch_model.bin.index.json"):
            assert name in message


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"weight_map": {"a": 1}}', b"\xff\xfe"], ids=repr
)
@pytest.mark.parametrize("name", ["model.safetensors.index.json", "pytorch_model.bin.index.json"])
def test_a_damaged_index_is_named(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    message = fault(tmp_path, UP)
    assert f"{tmp_path / name}: not an index of weight files" in message


@pytest.mark.parametrize("read", ["tensor", "shape", "dtype"])
@pytest.mark.parametrize("model", ["model.safetensors", "pytorch_model.bin"])
def test_an_index_that_names_a_tensor_its_shard_lacks(
    tmp_path: Path, model: str, read: str
) -> None:
    shard = tmp_path / f"one{Path(model).suffix}"
    (torch.save if shard.suffix == ".bin" else save_file)({"a": torch.zeros(2)}, shard)
    index = {"weight_map": {"a": shard.name, "b": shard.name}}
    (tmp_path / f"{model}.index.json").write_text(json.dumps(index))
    with pytest.raises(AlphaRLBenchError) as caught:
        getattr(WeightFiles(tmp_path), read)("b")
    assert f"{shard}: tensor 'b'" in str(caught.value)


class Touches:
    """Pickled, it makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_pickle_with_code_is_refused_and_its_code_does_not_run(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "pytorch_model.bin"
    torch.save({UP: torch.ones(2), "x": Touches(victim)}, path)
    # The attack is real: a load without weights_only runs it.
    torch.load(path, weights_only=False)
    assert victim.exists()
    victim.unlink()
    assert str(path) in fault(tmp_path, UP)
    assert not victim.exists()


def test_a_bare_pickle_with_code_is_refused_and_its_code_does_not_run(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "pytorch_model.bin"
    path.write_bytes(pickle.dumps(Touches(victim)))
    assert str(path) in fault(tmp_path, UP)
    assert not victim.exists()


@pytest.mark.parametrize(
    "content",
    [
        {UP: [1.0, 2.0]},
        {UP: torch.ones(2), "step": 7},
        {"model": {UP: torch.ones(2)}},
        {0: torch.ones(2)},
        [torch.ones(2)],
        torch.ones(2),
    ],
    ids=lambda content: str(content)[:30],
)
def test_a_bin_that_holds_other_things_than_named_tensors(tmp_path: Path, content: object) -> None:
    path = tmp_path / "pytorch_model.bin"
    torch.save(content, path)
    assert f"{path}: holds other things than named tensors" in fault(tmp_path, UP)


def test_a_bin_of_a_machine_with_a_gpu_is_read_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda _: "cuda:7")
        torch.save({UP: torch.ones(2)}, tmp_path / "pytorch_model.bin")
    # The file is what it is meant to be: no machine of ours has eight GPUs.
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(tmp_path / "pytorch_model.bin", weights_only=True)
    assert torch.equal(WeightFiles(tmp_path).tensor(UP), torch.ones(2))


def test_a_pickle_that_is_cut_short_in_a_whole_archive(tmp_path: Path) -> None:
    path, whole = tmp_path / "pytorch_model.bin", tmp_path / "whole"
    torch.save({UP: torch.ones(2)}, whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[:-1] if name.endswith("data.pkl") else content)
    assert f"{path}: cannot be read as a file of tensors alone (pickle exhausted" in fault(
        tmp_path, UP
    )


def test_the_serialization_of_old_torch_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "pytorch_model.bin"
    torch.save({UP: torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    message = fault(tmp_path, UP)
    assert str(path) in message
    assert "safetensors" in message


def read_all(folder: Path) -> None:
    weights = WeightFiles(folder)
    for name in weights.names:
        weights.shape(name)
        weights.tensor(name)


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_anywhere_is_read_or_refused_but_never_a_crash(
    tmp_path: Path, file: str, data: st.DataObject
) -> None:
    path = tmp_path / file
    if not (tmp_path / "whole").exists():
        tensors = {"a.weight": torch.ones(4, 3), "b": torch.ones(2, dtype=torch.bfloat16)}
        (torch.save if file.endswith("bin") else save_file)(tensors, path)
        path.rename(tmp_path / "whole")
    content = bytearray((tmp_path / "whole").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.none() | st.integers(0, len(content)))])
    # Nothing but this error may come out.
    with suppress(AlphaRLBenchError):
        read_all(tmp_path)


# ---- identity ----


def test_the_digest_is_of_the_content_not_of_the_place(folder: Path, tmp_path: Path) -> None:
    digest = WeightFiles(folder).digest
    copy = shutil.copytree(folder, tmp_path / "a copy" / "elsewhere")
    assert WeightFiles(copy).digest == digest
    # Other files are no part of the weights.
    (copy / "README.md").write_text("trained for long")
    assert WeightFiles(copy).digest == digest
    path = shard_of(copy, UP)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert WeightFiles(copy).digest != digest


# ---- memory ----

# Prints in MiB what the process holds more than before: all of its memory while it reads shapes,
# then values, one tensor after another; then the pages of files while it takes differences (the
# rest is what the allocator keeps of float32 copies).
MEASURE = """
import sys
from pathlib import Path
import torch
from alpharl_bench.checkpoints import WeightFiles
def held(kind):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / 1024
weights = WeightFiles(Path(sys.argv[1]))
before, files = held("VmRSS"), held("RssFile")
for name in weights.names:
    assert weights.shape(name) == (1024, 4096) and weights.dtype(name) == torch.bfloat16
print(held("VmRSS") - before)
peak = 0
for name in weights.names:
    tensor = weights.tensor(name)
    assert tensor[0, 0] == tensor[-1, -1] == 1
    peak = max(peak, held("VmRSS"))
print(peak - before)
peak = 0
for name in weights.names:
    assert not weights.delta(weights, name).any()
    peak = max(peak, held("RssFile"))
print(peak - files)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_reading_a_large_file_needs_the_memory_of_one_tensor(tmp_path: Path, kind: str) -> None:
    # 25 tensors of 8 MiB.
    tensors = {f"w{i}": torch.ones(1024, 4096, dtype=torch.bfloat16) for i in range(25)}
    if kind == "bin":
        torch.save(tensors, tmp_path / "pytorch_model.bin")
    else:
        save_file(tensors, tmp_path / "model.safetensors")
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    for path in WeightFiles(tmp_path).files:  # pytest keeps the folders of three runs
        path.unlink()
    headers, values, pages = map(float, measured.stdout.split())
    assert headers < 20
    assert 8 <= values < 60
    assert pages < 60


def test_a_file_larger_than_memory_is_read_tensor_by_tensor(tmp_path: Path) -> None:
    # A hole of a terabyte on disk, which Linux does not map, and one small tensor after it.
    hole, small = 1 << 40, np.arange(6, dtype=np.float32)
    header = {
        "hole": {"dtype": "BF16", "shape": [2, 1 << 20, 1 << 18], "data_offsets": [0, hole]},
        "small": {"dtype": "F32", "shape": [2, 3], "data_offsets": [hole, hole + small.nbytes]},
    }
    encoded = json.dumps(header).encode()
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        file.seek(hole, 1)
        file.write(small.tobytes())
    weights = WeightFiles(tmp_path)
    assert weights.names == ["hole", "small"]
    assert weights.shape("hole[1]") == (1 << 20, 1 << 18)
    assert weights.dtype("hole") == torch.bfloat16
    np.testing.assert_array_equal(weights.tensor("small").numpy(), small.reshape(2, 3))
