"""What is written: an adapter that loads to the right logits or none, and never infinite values."""

from pathlib import Path

import pytest
import torch
from peft import AutoPeftModelForCausalLM, LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, PreTrainedModel

from alpharl_bench.checkpoints import WeightFiles, open_run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants import Variant, rank
from alpharl_bench.variants.combined import CombinedWeights
from alpharl_bench.variants.extract import extract
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.merged import write_merged
from alpharl_bench.variants.patch import PatchedModel
from tests.models import VOCABULARY, model_of, trained_pair

TOKENS = torch.arange(3, 25).reshape(2, 11) % VOCABULARY


def loaded(folder: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder).eval()


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    return model(TOKENS).logits


def source_of(run: Path, base: Path) -> UpdateSource:
    return UpdateSource(open_run(run, base))


@pytest.fixture
def adapter(tmp_path: Path) -> UpdateSource:
    """A LoRA run of one checkpoint."""
    model_of("qwen3").save_pretrained(tmp_path / "base")
    lora = LoraConfig(r=2, lora_alpha=6, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(loaded(tmp_path / "base"), lora).save_pretrained(tmp_path / "checkpoint-9")
    return source_of(tmp_path / "checkpoint-9", tmp_path / "base")


# ---- what an adapter names as its base ----


@pytest.mark.parametrize("anchor", ["base", "checkpoint"])
def test_an_adapter_of_a_whole_checkpoint_loads_to_the_merged_models_logits(
    tmp_path: Path, anchor: str
) -> None:
    source = source_of(*reversed(trained_pair(tmp_path, "qwen3", scale=0.05)))
    for form in ("peft", "merged"):
        extract(source, rank(1), tmp_path / form, form=form, anchor=anchor)
    adapted = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "peft").eval()
    torch.testing.assert_close(logits(adapted), logits(loaded(tmp_path / "merged")))


@pytest.mark.parametrize("form", ["peft", "vllm"])
def test_an_adapter_cannot_stand_on_an_adapter(
    adapter: UpdateSource, tmp_path: Path, form: str
) -> None:
    with pytest.raises(AlphaRLBenchError) as caught:
        extract(adapter, rank(1), tmp_path / "out", form=form, anchor="checkpoint")
    assert f"{tmp_path / 'checkpoint-9'} is an adapter itself" in str(caught.value)
    assert "--format merged" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_merged_folder_can(adapter: UpdateSource, tmp_path: Path) -> None:
    extract(adapter, rank(2), tmp_path / "merged", form="merged", anchor="checkpoint")
    # Rank 2 is the whole update: the checkpoint's own is counted twice.
    base, out = (load_file(tmp_path / name / "model.safetensors") for name in ("base", "merged"))
    merged = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "checkpoint-9").merge_and_unload()
    for name, tensor in merged.state_dict().items():
        twice = base[name] + 2 * (tensor - base[name])
        torch.testing.assert_close(out[name], twice, atol=1e-5, rtol=0)


def test_an_adapter_cannot_stand_on_names_that_no_library_loads(tmp_path: Path) -> None:
    base, checkpoint = trained_pair(tmp_path, "qwen3")
    path = checkpoint / "model.safetensors"
    save_file({f"_orig_mod.{name}": of for name, of in load_file(path).items()}, path)
    source = source_of(checkpoint, base)
    with (
        pytest.warns(match="_orig_mod"),
        pytest.raises(AlphaRLBenchError, match="stored under other names or shapes"),
    ):
        extract(source, rank(1), tmp_path / "out", form="peft", anchor="checkpoint")
    extract(source, rank(1), tmp_path / "peft", form="peft")
    extract(source, rank(1), tmp_path / "merged", form="merged")
    adapted = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "peft").eval()
    torch.testing.assert_close(logits(adapted), logits(loaded(tmp_path / "merged")))


# ---- values ----


@pytest.mark.parametrize("form", ["peft", "vllm", "merged"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_what_overflows_is_not_written(tmp_path: Path, form: str, dtype: torch.dtype) -> None:
    source = source_of(*reversed(trained_pair(tmp_path, "qwen3")))
    with pytest.raises(AlphaRLBenchError, match="values are infinite or NaN as") as caught:
        extract(source, rank(1, alpha=1e40), tmp_path / "out", form=form, dtype=dtype)
    assert "\n" not in str(caught.value)
    assert "smaller --alpha" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_wider_dtype_holds_it(tmp_path: Path) -> None:
    source = source_of(*reversed(trained_pair(tmp_path, "qwen3")))
    variant = rank(1, alpha=1e8)
    for form in ("merged", "peft"):
        with pytest.raises(AlphaRLBenchError, match="as float16, whose largest is"):
            extract(source, variant, tmp_path / "half", form=form, dtype=torch.float16)
    extract(source, variant, tmp_path / "out", form="merged", dtype=torch.bfloat16)
    for tensor in load_file(tmp_path / "out" / "model.safetensors").values():
        assert bool(torch.isfinite(tensor).all())


def test_a_forecast_of_a_huge_target_is_not_written(tmp_path: Path) -> None:
    base, checkpoint = (WeightFiles(folder) for folder in trained_pair(tmp_path, "qwen3"))
    (tmp_path / "out").mkdir()
    far = CombinedWeights(base, [checkpoint], lambda _: [1e40])
    with pytest.raises(AlphaRLBenchError, match="smaller --alpha or target"):
        write_merged(far, base, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.safetensors"))


@pytest.mark.parametrize("kind", ["update", "full"])
def test_a_loaded_model_never_takes_what_its_dtype_cannot_hold(tmp_path: Path, kind: str) -> None:
    base, checkpoint = trained_pair(tmp_path, "qwen3")
    path = checkpoint / "model.safetensors"
    grown = load_file(path)
    grown["model.layers.0.mlp.up_proj.weight"] *= 1e7
    save_file(grown, path)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float16)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    patched = PatchedModel(model, source_of(checkpoint, base))
    variant = rank(1) if kind == "update" else Variant("full")
    with (
        pytest.raises(AlphaRLBenchError, match="as float16"),
        patched.use_variant(variant),
    ):
        pass
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
