"""Tensors of real model folders, whole and damaged."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.errors import AlphaRLBenchError

UP = "model.layers.1.mlp.up_proj.weight"


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


@pytest.fixture(params=["50GB", "8KB"], ids=["single file", "sharded"])
def folder(model: Qwen3ForCausalLM, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    model.save_pretrained(tmp_path / "model", max_shard_size=request.param)
    return tmp_path / "model"


def shard_of(folder: Path, name: str) -> Path:
    return next(path for path in folder.glob("*.safetensors") if name in load_file(path))


def change(folder: Path, name: str, tensor: torch.Tensor) -> Path:
    """Put another tensor into the file that holds ``name``."""
    path = shard_of(folder, name)
    save_file({**load_file(path), name: tensor}, path, metadata={"format": "pt"})
    return path


def fault(folder: Path, name: str) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        WeightFiles(folder).tensor(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_tensor_is_that_of_the_model(folder: Path, model: Qwen3ForCausalLM) -> None:
    weights = WeightFiles(folder)
    truth = dict(model.named_parameters())
    assert weights.names == sorted(truth)
    for name, parameter in truth.items():
        assert torch.equal(weights.tensor(name), parameter.data)
        assert weights.shape(name) == tuple(parameter.shape)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int64])
def test_a_tensor_keeps_its_dtype(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = torch.arange(6).reshape(2, 3).to(dtype)
    save_file({"w": tensor}, tmp_path / "model.safetensors")
    read = WeightFiles(tmp_path).tensor("w")
    assert read.dtype == dtype
    assert torch.equal(read, tensor)


def test_a_missing_shard(model: Qwen3ForCausalLM, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path, max_shard_size="8KB")
    shard = shard_of(tmp_path, UP)
    shard.unlink()
    assert list(tmp_path.glob("*.safetensors"))  # others are still there
    message = fault(tmp_path, "model.norm.weight")
    assert str(tmp_path) in message
    assert shard.name in message


@pytest.mark.parametrize("kept", [0, 4, 200, -1])
def test_a_file_that_is_cut_short(folder: Path, kept: int) -> None:
    path = shard_of(folder, UP)
    path.write_bytes(path.read_bytes()[:kept])
    assert str(path) in fault(folder, UP)


def test_a_file_that_is_something_else(folder: Path) -> None:
    path = shard_of(folder, UP)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n" * 10)
    assert str(path) in fault(folder, UP)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_value_that_is_not_finite(folder: Path, value: float, dtype: torch.dtype) -> None:
    damaged = WeightFiles(folder).tensor(UP).to(dtype)
    damaged[3, 5] = value
    path = change(folder, UP, damaged)
    message = fault(folder, UP)
    assert str(path) in message
    assert f"'{UP}'" in message
    # The others can still be read: nothing is looked at before it is asked for.
    assert WeightFiles(folder).tensor("model.norm.weight").shape == (16,)


def test_a_tensor_that_is_not_there(folder: Path) -> None:
    message = fault(folder, "model.layers.7.mlp.up_proj.weight")
    assert str(folder) in message
    assert "'model.layers.7.mlp.up_proj.weight'" in message


def test_a_folder_without_weights(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").touch()
    for folder in (tmp_path, tmp_path / "nowhere"):
        message = fault(folder, UP)
        assert str(folder) in message
        assert "model.safetensors" in message


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"weight_map": {"a": 1}}', b"\xff\xfe"], ids=repr
)
def test_a_damaged_index_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors.index.json").write_bytes(content)
    with pytest.raises(AlphaRLBenchError, match=r"index\.json: not an index of safetensors"):
        WeightFiles(tmp_path).names  # noqa: B018  (a property that reads)


def test_an_index_that_names_a_tensor_its_shard_lacks(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "one.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}}'
    )
    for read in (WeightFiles(tmp_path).tensor, WeightFiles(tmp_path).shape):
        with pytest.raises(AlphaRLBenchError, match=r"one\.safetensors: tensor 'b'"):
            read("b")
