"""Whether an adapter's base is the one that it names."""

import copy
import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from alpharl_bench.checkpoints import WeightFiles, compare, open_run, open_weights
from alpharl_bench.doctor import examine
from alpharl_bench.errors import AlphaRLBenchWarning
from alpharl_bench.variants.materialise import UpdateSource
from tests.models import model_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    model_of("llama").save_pretrained(tmp_path / "Qwen2.5-7B")
    return tmp_path / "Qwen2.5-7B"


def adapter(folder: Path, **options: object) -> Path:
    torch.manual_seed(1)
    kept = {"r": 2, "target_modules": ["q_proj"], "init_lora_weights": False}
    adapted = get_peft_model(model_of("llama"), LoraConfig(**kept | options))
    adapted.save_pretrained(folder / "checkpoint-7")
    return folder / "checkpoint-7"


def name(folder: Path, **options: object) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | options))


def doubts(folder: Path, base: Path) -> tuple[str, ...]:
    start = WeightFiles(base)
    return compare(start, open_weights(folder, start)).doubts


@pytest.mark.parametrize(
    "named",
    [None, "", "Qwen/Qwen2.5-7B", "qwen/qwen2.5-7b", "/cluster/models/Qwen2.5-7B", "Qwen2.5-7B/"],
)
def test_a_name_that_is_the_bases(tmp_path: Path, base: Path, named: str | None) -> None:
    run = adapter(tmp_path)
    name(run, base_model_name_or_path=named)
    assert doubts(run, base) == ()
    assert examine(run, base).faults == []


def test_a_name_that_the_bases_config_keeps(tmp_path: Path, base: Path) -> None:
    moved = base.rename(tmp_path / "model")
    config = json.loads((moved / "config.json").read_text())
    (moved / "config.json").write_text(json.dumps(config | {"_name_or_path": "Qwen/Qwen2.5-7B"}))
    run = adapter(tmp_path)
    name(run, base_model_name_or_path="Qwen/Qwen2.5-7B")
    assert doubts(run, moved) == ()


def test_the_same_content_elsewhere(tmp_path: Path, base: Path) -> None:
    run = adapter(tmp_path)
    other = shutil.copytree(base, tmp_path / "a copy")
    name(run, base_model_name_or_path=str(other))
    assert doubts(run, base) == ()
    tensors = load_file(other / "model.safetensors")
    tensors["model.norm.weight"] += 1
    save_file(tensors, other / "model.safetensors")
    (doubt,) = doubts(run, base)
    for part in (str(run / "adapter_config.json"), str(other), str(base), "--base"):
        assert part in doubt


@pytest.mark.parametrize(
    "named", ["Qwen/Qwen2.5-7B-Instruct", "/scratch/outputs/sft", "meta/Llama-3"]
)
def test_another_name_is_a_fault_of_the_doctor_and_a_warning_of_a_session(
    tmp_path: Path, base: Path, named: str
) -> None:
    run = adapter(tmp_path)
    name(run, base_model_name_or_path=named)
    (doubt,) = doubts(run, base)
    assert f"names {named} as its base, not {base}" in doubt
    assert examine(run, base).faults == [doubt]
    with pytest.warns(AlphaRLBenchWarning) as caught:
        assert UpdateSource(open_run(run, base)).factors(None).modules
    assert [str(warning.message) for warning in caught] == [doubt]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("unsloth/Qwen2.5-7B-bnb-4bit", "bnb"),
        ("unsloth/Qwen2.5-7B-unsloth-4bit", "4bit"),
        ("Qwen/Qwen2.5-7B-GPTQ-Int4", "GPTQ"),
        ("Qwen/Qwen2.5-7B-AWQ", "AWQ"),
        ("mine/Qwen2.5-7B-8bit", "8bit"),
    ],
)
def test_a_quantized_base_is_named(tmp_path: Path, base: Path, named: str, said: str) -> None:
    run = adapter(tmp_path)
    name(run, base_model_name_or_path=named)
    (doubt,) = doubts(run, base)
    assert f"trained on {named}, whose weights are quantized (its name has '{said}')" in doubt
    assert examine(run, base).faults == [doubt]


def test_a_base_that_is_here_says_that_it_is_quantized(tmp_path: Path, base: Path) -> None:
    run = adapter(tmp_path)
    there = tmp_path / "elsewhere" / base.name
    shutil.copytree(base, there)
    config = json.loads((there / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (there / "config.json").write_text(json.dumps(config))
    name(run, base_model_name_or_path=str(there))
    (doubt,) = doubts(run, base)
    assert "quantization_config: bitsandbytes" in doubt


@pytest.mark.parametrize(
    ("repository", "revision", "doubted"),
    [
        ("Qwen2.5-7B", None, False),
        ("Qwen2.5-7B", COMMIT, False),
        ("Qwen2.5-7B", COMMIT[:8], False),
        ("Qwen2.5-7B", "main", False),  # nobody knows what it was
        ("Qwen2.5-7B", COMMIT[::-1], True),
        ("Qwen2.5-7B-Instruct", None, True),
    ],
)
def test_a_snapshot_of_the_hub(
    tmp_path: Path, base: Path, repository: str, revision: str | None, doubted: bool
) -> None:
    snapshot = tmp_path / f"models--Qwen--{repository}" / "snapshots" / COMMIT
    shutil.copytree(base, snapshot)
    run = adapter(tmp_path)
    name(run, base_model_name_or_path="Qwen/Qwen2.5-7B", revision=revision)
    assert len(doubts(run, snapshot)) == doubted


def test_the_copy_of_the_bases_embeddings_beside_an_adapter_on_them(
    tmp_path: Path, base: Path
) -> None:
    run = adapter(tmp_path, target_modules=["embed_tokens", "q_proj"])
    saved = load_file(run / "adapter_model.safetensors")
    assert any(key.endswith(".embed_tokens.base_layer.weight") for key in saved)
    assert examine(run, base, deep=True).faults == []
    other = copy.deepcopy(load_file(base / "model.safetensors"))
    other["model.embed_tokens.weight"] += 1
    save_file(other, base / "model.safetensors", metadata={"format": "pt"})
    (fault,) = examine(run, base, deep=True).faults
    assert "holds a copy of its base's 'model.embed_tokens.weight'" in fault
