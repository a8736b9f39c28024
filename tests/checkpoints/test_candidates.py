"""Which of several files is read: the one that transformers reads, with a note on the others."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from alpharl_bench.checkpoints import WeightFiles, is_adapter, open_run, open_weights
from alpharl_bench.checkpoints.compare import compare
from alpharl_bench.errors import AlphaRLBenchError

PROBE = "model.norm.weight"


def model(fill: float) -> Qwen3ForCausalLM:
    """A model whose last norm says which of several files it was read from."""
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
    made = Qwen3ForCausalLM(Qwen3Config(vocab_size=20, **shape, **heads))
    with torch.no_grad():
        made.model.norm.weight.fill_(fill)
    return made


def whole(folder: Path) -> None:
    model(1).save_pretrained(folder / "made")
    (folder / "made" / "model.safetensors").rename(folder / "model.safetensors")
    (folder / "made" / "config.json").rename(folder / "config.json")


def shards(folder: Path) -> None:
    model(2).save_pretrained(folder, max_shard_size="4KB")


def whole_bin(folder: Path) -> None:
    torch.save(model(3).state_dict(), folder / "pytorch_model.bin")
    model(3).config.save_pretrained(folder)


def shards_bin(folder: Path) -> None:
    first, *rest = model(4).state_dict().items()
    names = [f"pytorch_model-0000{n}-of-00002.bin" for n in (1, 2)]
    torch.save(dict([first]), folder / names[0])
    torch.save(dict(rest), folder / names[1])
    where = {first[0]: names[0]} | {name: names[1] for name, _ in rest}
    text = str({"metadata": {}, "weight_map": where}).replace("'", '"')
    (folder / "pytorch_model.bin.index.json").write_text(text)
    model(4).config.save_pretrained(folder)


WRITERS = (whole, shards, whole_bin, shards_bin)


@pytest.mark.parametrize("first", WRITERS, ids=lambda of: of.__name__)
@pytest.mark.parametrize("second", WRITERS, ids=lambda of: of.__name__)
def test_what_is_read_is_what_transformers_reads(
    tmp_path: Path, first: Callable[[Path], None], second: Callable[[Path], None]
) -> None:
    for write in dict.fromkeys((first, second)):
        write(tmp_path)
    truth = Qwen3ForCausalLM.from_pretrained(tmp_path).model.norm.weight
    weights = WeightFiles(tmp_path)
    assert torch.equal(weights.tensor(PROBE), truth)
    if first is second:
        assert weights.notes == []
        return
    (note,) = weights.notes
    assert str(tmp_path) in note
    assert " is read, as transformers" in note
    for path in weights.files:
        os.utime(path, (0, 86400 * 366))
    assert "1971-01-0" in weights.notes[0].split("is read")[0]
    assert "KB" in weights.notes[0].split("is read")[1]


def test_an_index_that_lacks_shards_does_not_refuse_a_whole_file(tmp_path: Path) -> None:
    shards(tmp_path)
    whole_bin(tmp_path)
    gone = max(tmp_path.glob("model-*"))
    gone.unlink()
    weights = WeightFiles(tmp_path)
    assert weights.tensor(PROBE)[0] == 3
    assert "1 files missing" in weights.notes[0]
    (tmp_path / "pytorch_model.bin").unlink()
    with pytest.raises(AlphaRLBenchError, match=gone.name):
        _ = WeightFiles(tmp_path).names


@pytest.mark.parametrize(
    ("write", "index"),
    [
        (shards, "model.safetensors.index.json"),
        (shards_bin, "pytorch_model.bin.index.json"),
    ],
)
def test_shards_without_an_index(tmp_path: Path, write: Callable[[Path], None], index: str) -> None:
    write(tmp_path)
    expected = {name: WeightFiles(tmp_path).tensor(name) for name in WeightFiles(tmp_path).names}
    digest = WeightFiles(tmp_path).digest
    (tmp_path / index).unlink()
    weights = WeightFiles(tmp_path)
    assert weights.present
    assert weights.names == sorted(expected)
    assert all(torch.equal(weights.tensor(name), value) for name, value in expected.items())
    assert weights.digest == digest
    (note,) = weights.notes
    assert "no index names the tensors of" in note
    last = weights.files[-1]
    last.unlink()
    with pytest.raises(AlphaRLBenchError, match=f"lacks {last.name}") as caught:
        _ = WeightFiles(tmp_path).names
    assert "remove" not in str(caught.value)


def test_shards_without_an_index_that_say_different_things(tmp_path: Path) -> None:
    for number in (1, 2):
        save_file({"w": torch.ones(2)}, tmp_path / f"model-0000{number}-of-00002.safetensors")
    with pytest.raises(AlphaRLBenchError, match="'w' is also in model-00001"):
        _ = WeightFiles(tmp_path).names
    save_file({"w": torch.ones(2)}, tmp_path / "model-00001-of-00001.safetensors")
    with pytest.raises(AlphaRLBenchError, match="no index says which"):
        _ = WeightFiles(tmp_path).names


@pytest.mark.parametrize("write", WRITERS, ids=lambda of: of.__name__)
def test_an_adapter_goes_before_whole_weights_beside_it(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    """As in peft: whole weights that a trainer wrote beside an adapter may be the base's."""
    model(1).save_pretrained(tmp_path / "base")
    adapted = get_peft_model(model(1), LoraConfig(r=2, target_modules=["q_proj"]))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.fill_(0.5)
    adapted.save_pretrained(tmp_path / "run" / "checkpoint-5")
    write(tmp_path / "run" / "checkpoint-5")
    assert is_adapter(tmp_path / "run" / "checkpoint-5")
    base = WeightFiles(tmp_path / "base")
    weights = open_weights(tmp_path / "run" / "checkpoint-5", base)
    module = "model.layers.0.self_attn.q_proj.weight"
    merged = adapted.merge_and_unload().state_dict()
    torch.testing.assert_close(weights.tensor(module), merged[module])
    (note,) = compare(base, weights).notes
    assert "adapter_model.safetensors (" in note.split("is read")[0]
    assert str(tmp_path / "run" / "checkpoint-5") in note
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_run(tmp_path / "run", tmp_path / "base")
    (tmp_path / "base" / "adapter_config.json").write_text("{}")
    with pytest.raises(AlphaRLBenchError, match="would add that adapter to the base"):
        open_run(tmp_path / "run", tmp_path / "base")


def test_weights_beside_the_config_of_an_adapter_that_is_not_there(tmp_path: Path) -> None:
    whole(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    assert not is_adapter(tmp_path)
    assert "adapter_config.json beside them" in open_weights(tmp_path).notes[0]


def test_two_files_of_an_adapter(tmp_path: Path) -> None:
    model(1).save_pretrained(tmp_path / "base")
    adapter = tmp_path / "adapter"
    get_peft_model(model(1), LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(adapter)
    torch.save({}, adapter / "adapter_model.bin")
    (note,) = open_weights(adapter, WeightFiles(tmp_path / "base")).notes
    assert "and not adapter_model.bin (" in note


def test_a_base_of_several_files_is_noted_when_a_run_is_opened(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    whole(tmp_path / "base")
    whole_bin(tmp_path / "base")
    model(5).save_pretrained(tmp_path / "run" / "checkpoint-5")
    with pytest.warns(match="and not pytorch_model.bin"):
        open_run(tmp_path / "run", tmp_path / "base")
