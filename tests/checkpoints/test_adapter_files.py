"""Adapters as trainers and peft save them, beyond the plain case: as peft merges, or refused."""

import copy
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedModel

from alpharl_bench.checkpoints import AdapterWeights, WeightFiles, compare, open_weights
from alpharl_bench.errors import AlphaRLBenchError
from tests.models import model_of

Q = "model.layers.0.self_attn.q_proj"
KEY = f"base_model.model.{Q}"


@pytest.fixture
def model() -> PreTrainedModel:
    return model_of("llama")


def moved(model: PreTrainedModel, **options: object) -> PeftModel:
    """An adapter on a copy of a model, every parameter of it moved."""
    torch.manual_seed(1)
    adapted = get_peft_model(copy.deepcopy(model), LoraConfig(**{"r": 2} | options))
    for name, parameter in adapted.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return adapted


def saved(folder: Path, model: PreTrainedModel, adapted: PeftModel) -> AdapterWeights:
    model.save_pretrained(folder / "base")
    adapted.save_pretrained(folder / "adapter")
    return again(folder)


def again(folder: Path) -> AdapterWeights:
    weights = open_weights(folder / "adapter", WeightFiles(folder / "base"))
    assert isinstance(weights, AdapterWeights)
    return weights


def edit(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    path = folder / "adapter" / "adapter_model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    change(tensors)
    save_file(tensors, path)


def configure(folder: Path, **options: object) -> None:
    path = folder / "adapter" / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | options))


def rename(old: str, new: str) -> Callable[[dict[str, torch.Tensor]], None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            tensors[name.replace(old, new)] = tensors.pop(name)

    return change


def agrees_with_peft(weights: AdapterWeights, adapted: PeftModel) -> None:
    merged = adapted.merge_and_unload().state_dict()
    for name in weights.names:
        torch.testing.assert_close(weights.tensor(name), merged[name], rtol=1e-5, atol=1e-6)
        # Rows alone are the rows of the whole.
        torch.testing.assert_close(weights.rows(name, slice(1, 3)), merged[name][1:3])
        delta = merged[name] - weights._base.tensor(name)
        torch.testing.assert_close(weights.delta(weights._base, name), delta, rtol=1e-4, atol=1e-6)


def refused(folder: Path) -> str:
    weights = again(folder)
    with pytest.raises(AlphaRLBenchError) as caught:
        compare(weights._base, weights)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- Conv1D, which stores the inputs first ----


@pytest.fixture
def gpt2() -> PreTrainedModel:
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=32, n_layer=2, n_head=4))


@pytest.mark.parametrize(
    "options",
    [
        {"target_modules": ["c_attn", "c_proj", "c_fc"]},
        # Square: no shape tells that it has to be turned.
        {"target_modules": r".*attn\.c_proj", "fan_in_fan_out": True},
        {"target_modules": ["c_proj"], "use_dora": True, "use_rslora": True},
        {"target_modules": ["wte", "c_attn"]},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:fan_in_fan_out is set")
def test_layers_that_store_their_inputs_first(
    gpt2: PreTrainedModel, tmp_path: Path, options: dict[str, object]
) -> None:
    adapted = moved(gpt2, **options)
    weights = saved(tmp_path, gpt2, adapted)
    assert weights.touched
    agrees_with_peft(weights, adapted)


def test_the_layer_decides_and_not_what_the_config_says(
    gpt2: PreTrainedModel, tmp_path: Path
) -> None:
    # peft sets the option by the last layer that it met, and looks at each layer when it loads.
    adapted = moved(gpt2, target_modules=["c_proj"], fan_in_fan_out=True)
    saved(tmp_path, gpt2, adapted)
    configure(tmp_path, fan_in_fan_out=False)
    agrees_with_peft(again(tmp_path), adapted)


def test_the_option_on_linear_layers_is_not_counted(model: PreTrainedModel, tmp_path: Path) -> None:
    adapted = moved(model, target_modules=["q_proj", "o_proj"])
    saved(tmp_path, model, adapted)
    configure(tmp_path, fan_in_fan_out=True)
    agrees_with_peft(again(tmp_path), adapted)


def test_without_a_config_nobody_knows_what_comes_first(
    model: PreTrainedModel, tmp_path: Path
) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"]))
    configure(tmp_path, fan_in_fan_out=True)
    (tmp_path / "base" / "config.json").unlink()
    assert "fan_in_fan_out=True" in refused(tmp_path)


# ---- whole tensors, fused matrices, experts ----


def test_whole_layers_with_biases(tmp_path: Path) -> None:
    model = model_of("qwen2")
    adapted = moved(model, target_modules=["up_proj"], modules_to_save=["q_proj", "norm"])
    weights = saved(tmp_path, model, adapted)
    assert f"{Q}.bias" in weights.touched
    agrees_with_peft(weights, adapted)


def test_fused_matrices(tmp_path: Path) -> None:
    model = model_of("glm4")
    adapted = moved(model, target_modules=["gate_up_proj"])
    agrees_with_peft(saved(tmp_path, model, adapted), adapted)


def test_a_whole_stack_of_experts_and_each_of_them(tmp_path: Path) -> None:
    model = model_of("qwen3-moe")
    model.save_pretrained(tmp_path / "base", save_original_format=False)
    moved(model, target_modules=["q_proj"]).save_pretrained(tmp_path / "adapter")
    stack = "model.layers.0.mlp.experts.down_proj"
    before = model.state_dict()[stack]
    after = before + torch.randn_like(before)
    edit(tmp_path, lambda tensors: tensors.update({f"base_model.model.{stack}": after}))
    weights = again(tmp_path)
    torch.testing.assert_close(weights.tensor(stack), after)
    for expert in range(len(before)):
        name = f"{stack}[{expert}]"
        torch.testing.assert_close(weights.tensor(name), after[expert])
        assert torch.equal(weights.delta(weights._base, name), (after - before)[expert])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_adapter_on_parameters_of_experts_is_refused(tmp_path: Path, dtype: torch.dtype) -> None:
    model = model_of("qwen3-moe").to(dtype)
    adapted = moved(model, target_modules=[], target_parameters=["mlp.experts.down_proj"])
    saved(tmp_path, model, adapted)
    assert "target_parameters=" in refused(tmp_path)


def test_tokens_that_were_trained_alone_are_refused(model: PreTrainedModel, tmp_path: Path) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"], trainable_token_indices=[1, 4]))
    assert "trainable_token_indices=[1, 4]" in refused(tmp_path)


def test_a_bias_of_the_adapter_that_no_option_announces(
    model: PreTrainedModel, tmp_path: Path
) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"]))
    edit(tmp_path, lambda tensors: tensors.update({f"{KEY}.lora_B.bias": torch.ones(32)}))
    assert f"'{KEY}.lora_B.bias' is no part of a LoRA adapter" in refused(tmp_path)


def test_magnitudes_that_no_option_announces(model: PreTrainedModel, tmp_path: Path) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"], use_dora=True))
    configure(tmp_path, use_dora=False)
    assert "has lora_magnitude_vector, which its config does not speak of" in refused(tmp_path)


# ---- names ----


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (".lora_A.weight", ".lora_A.default.weight", "'.default'"),
        ("base_model.model.", "", ""),
        ("base_model.model.", "_orig_mod.base_model.model.", "'_orig_mod.' (torch.compile)"),
        ("base_model.model.model.", "base_model.model._orig_mod.model.", "'_orig_mod.'"),
        ("base_model.model.", "module.base_model.model.", "'module.'"),
        ("model.layers", "model.language_model.layers", "'language_model.'"),
    ],
)
def test_names_of_wrappers(
    model: PreTrainedModel, tmp_path: Path, old: str, new: str, said: str
) -> None:
    adapted = moved(model, target_modules=["q_proj", "down_proj"])
    saved(tmp_path, model, adapted)
    edit(tmp_path, rename(old, new))
    weights = again(tmp_path)
    notes = compare(weights._base, weights).notes
    assert bool(notes) == bool(said)
    assert said in " ".join(notes)
    for note in notes:
        assert str(tmp_path / "adapter" / "adapter_model.safetensors") in note
    agrees_with_peft(weights, adapted)


def test_patterns_are_of_the_name_without_wrappers(model: PreTrainedModel, tmp_path: Path) -> None:
    options = {"alpha_pattern": {r"^model\.layers\.0\..*": 64}, "rank_pattern": {"q_proj": 3}}
    adapted = moved(model, target_modules=["q_proj", "up_proj"], **options)
    saved(tmp_path, model, adapted)
    edit(tmp_path, rename("base_model.model.", "base_model.model._orig_mod."))
    agrees_with_peft(again(tmp_path), adapted)


def test_two_adapters_in_one_file(model: PreTrainedModel, tmp_path: Path) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"]))
    edit(tmp_path, rename("lora_A.weight", "lora_A.one.weight"))
    edit(tmp_path, rename("lora_B.weight", "lora_B.two.weight"))
    assert "several adapters (one, two)" in refused(tmp_path)


def test_a_value_head_beside_an_adapter(model: PreTrainedModel, tmp_path: Path) -> None:
    adapted = moved(model, target_modules=["q_proj"])
    saved(tmp_path, model, adapted)
    head = {"base_model.model.score.weight": torch.ones(1, 32)}
    edit(tmp_path, lambda tensors: tensors.update(head))
    weights = again(tmp_path)
    (note,) = compare(weights._base, weights).notes
    assert "1 tensors of the value head are left out, as 'score.weight'" in note
    agrees_with_peft(weights, adapted)


def test_tensors_that_zero_3_left_empty(model: PreTrainedModel, tmp_path: Path) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj", "up_proj"]))

    def empty(tensors: dict[str, torch.Tensor]) -> None:
        for name in tensors:
            tensors[name] = torch.empty(0)

    edit(tmp_path, empty)
    message = refused(tmp_path)
    for part in ("8 of 8 tensors are empty", "(0,)", "ZeRO-3", "zero_to_fp32.py"):
        assert part in message


# ---- ranks, scales, patterns ----


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"r": 4}, "has rank 2, its config says 4"),
        ({"rank_pattern": {"q_proj": 1}}, "has rank 2, its config says 1"),
        ({"r": 0}, "r: Input should be greater than 0"),
        ({"r": -2}, "r: Input should be greater than 0"),
        ({"rank_pattern": {"q_proj": -2}}, "rank_pattern.q_proj: Input should be greater than 0"),
        ({"lora_alpha": math.inf}, "lora_alpha: Input should be a finite number"),
        ({"alpha_pattern": {"q_proj": math.nan}}, "alpha_pattern.q_proj: Input should be a finite"),
        ({"alpha_pattern": {"(": 1}}, "'(' is no regular expression"),
    ],
    ids=str,
)
def test_a_rank_or_scale_that_is_none(
    model: PreTrainedModel, tmp_path: Path, options: dict[str, object], said: str
) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"]))
    configure(tmp_path, **options)
    with pytest.raises(AlphaRLBenchError) as caught:
        again(tmp_path).tensor(f"{Q}.weight")
    assert said in str(caught.value)
    assert str(tmp_path / "adapter") in str(caught.value)


def test_a_rank_that_the_config_leaves_out_is_pefts_own(
    model: PreTrainedModel, tmp_path: Path
) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"]))
    path = tmp_path / "adapter" / "adapter_config.json"
    config = json.loads(path.read_text())
    del config["r"]
    path.write_text(json.dumps(config))
    assert f"its config says {LoraConfig().r}" in refused(tmp_path)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("option", ["alpha_pattern", "rank_pattern"])
def test_a_pattern_without_end(model: PreTrainedModel, tmp_path: Path, option: str) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"]))
    configure(tmp_path, **{option: {r"(([a-z_0-9.]|[a-z_0-9.])+)+[^a-z]": 2}})
    weights = again(tmp_path)
    with pytest.raises(AlphaRLBenchError, match="takes more than 1 s"):
        weights.tensor(f"{Q}.weight")


def test_patterns_of_targets_are_not_matched_at_all(model: PreTrainedModel, tmp_path: Path) -> None:
    adapted = moved(model, target_modules=["q_proj"])
    saved(tmp_path, model, adapted)
    endless = r"(([a-z_0-9.]|[a-z_0-9.])+)+[^a-z]"
    configure(tmp_path, target_modules=endless, exclude_modules=endless)
    agrees_with_peft(again(tmp_path), adapted)


@pytest.mark.parametrize("options", [{"lora_alpha": 1e38}, {"alpha_pattern": {"q_proj": 1e300}}])
def test_a_scale_that_overflows(
    model: PreTrainedModel, tmp_path: Path, options: dict[str, object]
) -> None:
    saved(tmp_path, model, moved(model, target_modules=["q_proj"]))
    edit(tmp_path, lambda tensors: [tensor.mul_(1e4) for tensor in tensors.values()])
    configure(tmp_path, **options)
    weights = again(tmp_path)
    for read in (weights.tensor, lambda name: weights.delta(weights._base, name)):
        with pytest.raises(AlphaRLBenchError, match=r"infinite or NaN values of .* in float32"):
            read(f"{Q}.weight")


# ---- vocabularies ----


def test_embeddings_of_more_tokens_are_cropped(model: PreTrainedModel, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "base")
    model.resize_token_embeddings(64)
    adapted = moved(model, target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"])
    adapted.save_pretrained(tmp_path / "adapter")
    weights = again(tmp_path)
    found = compare(weights._base, weights)
    assert (found.faults, found.doubts) == ((), ())
    assert sum("has 64 tokens, the base has 50" in note for note in found.notes) == 2
    merged = adapted.merge_and_unload().state_dict()
    for name in ("lm_head.weight", "model.embed_tokens.weight"):
        torch.testing.assert_close(weights.tensor(name), merged[name][:50])


def test_an_adapter_of_fewer_tokens_is_refused(model: PreTrainedModel, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "base")
    model.resize_token_embeddings(40)
    moved(model, target_modules=["embed_tokens"]).save_pretrained(tmp_path / "adapter")
    assert "has shape (40, 32), the base" in refused(tmp_path)


# ---- named adapters ----


def test_a_folder_of_a_named_adapter_is_one(model: PreTrainedModel, tmp_path: Path) -> None:
    torch.manual_seed(1)
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    adapted = get_peft_model(copy.deepcopy(model), config, adapter_name="policy")
    model.save_pretrained(tmp_path / "base")
    adapted.save_pretrained(tmp_path / "saved")
    shutil.move(tmp_path / "saved" / "policy", tmp_path / "adapter")
    agrees_with_peft(again(tmp_path), adapted)
