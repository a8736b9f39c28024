"""LoRA-only checkpoints against peft's own merge, and what cannot be merged here."""

import copy
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peft import IA3Config, LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from alpharl_bench.checkpoints import (
    AdapterWeights,
    WeightFiles,
    Weights,
    is_adapter,
    open_weights,
)
from alpharl_bench.errors import AlphaRLBenchError
from tests.models import model_of

Q = "model.layers.0.self_attn.q_proj.weight"
DOWN = "model.layers.1.mlp.down_proj.weight"
EMBED = "model.embed_tokens.weight"


def qwen2(**changes: object) -> PreTrainedModel:
    model = model_of("qwen2", **changes)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):  # initialised to zero
            parameter.data.normal_()
    return model


def qwen3() -> PreTrainedModel:
    return model_of("qwen3", tie_word_embeddings=True)


def llama(**changes: object) -> PreTrainedModel:
    return model_of("llama", **changes)


def glm4() -> PreTrainedModel:
    return model_of("glm4")


@pytest.fixture(params=[qwen2, qwen3, llama, glm4], ids=lambda build: build.__name__)
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    torch.manual_seed(0)
    return request.param()


@pytest.fixture
def untied() -> PreTrainedModel:
    torch.manual_seed(0)
    return llama()


def trained(model: PreTrainedModel, config: LoraConfig, size: float = 0.1) -> PeftModel:
    """An adapter whose every parameter has moved; ``model`` stays as it is."""
    adapted = get_peft_model(copy.deepcopy(model), config)
    for name, parameter in adapted.named_parameters():
        if "lora_magnitude" in name:
            parameter.data *= 1 + 0.1 * torch.randn_like(parameter)
        elif "lora_B" in name or "lora_embedding_A" in name:  # peft starts with zeros
            parameter.data.normal_(std=size)
        elif "modules_to_save" in name:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return adapted


def saved(
    tmp_path: Path, model: PreTrainedModel, adapted: PeftModel, *, safe: bool = True
) -> AdapterWeights:
    model.save_pretrained(tmp_path / "base")
    adapted.save_pretrained(tmp_path / "adapter", safe_serialization=safe)
    weights = open_weights(tmp_path / "adapter", WeightFiles(tmp_path / "base"))
    assert isinstance(weights, AdapterWeights)
    return weights


def plain(tmp_path: Path, model: PreTrainedModel, **options: object) -> AdapterWeights:
    """A small adapter on q_proj and down_proj."""
    options = {"r": 2, "target_modules": ["q_proj", "down_proj"]} | options
    return saved(tmp_path, model, trained(model, LoraConfig(**options)))


def edit(path: Path, change: Callable[[dict], object]) -> None:
    """Change the tensors of an adapter, or the keys of its config, in place."""
    if path.suffix == ".json":
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    else:
        content = {name: tensor.clone() for name, tensor in load_file(path).items()}
        change(content)
        save_file(content, path)


def agrees_with_peft(weights: Weights, adapted: PeftModel) -> None:
    merged = dict(adapted.merge_and_unload().named_parameters())
    assert weights.names == sorted(merged)
    for name, parameter in merged.items():
        torch.testing.assert_close(weights.tensor(name), parameter.data, rtol=1e-5, atol=1e-6)
        assert weights.shape(name) == tuple(parameter.shape)


def fault(weights: Weights, name: str = Q) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        weights.delta(weights._base, name)
    assert "\n" not in str(caught.value)
    with pytest.raises(AlphaRLBenchError) as again:
        weights.tensor(name)
    assert str(again.value) == str(caught.value)
    return str(caught.value)


OPTIONS = {
    "plain": {},
    "rank-stabilised": {"use_rslora": True},
    "DoRA": {"use_dora": True},
    "rank-stabilised DoRA": {"use_dora": True, "use_rslora": True},
    "patterns": {
        "rank_pattern": {"q_proj": 2, "layers.1.self_attn.v_proj": 5},
        "alpha_pattern": {"v_proj": 3, r"^model\.layers\.0\..*down_proj": 40},
    },
    "patterns, rank-stabilised": {
        "use_rslora": True,
        "rank_pattern": {"q_proj": 1},
        "alpha_pattern": {"q_proj": 32, "layers.1.mlp.down_proj": 1},
    },
    "one layer": {"layers_to_transform": [1]},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_tensor_is_that_of_pefts_merge(
    model: PreTrainedModel, tmp_path: Path, options: dict
) -> None:
    targets = "all-linear" if "layers_to_transform" not in options else ["q_proj", "down_proj"]
    adapted = trained(model, LoraConfig(**{"r": 3, "target_modules": targets} | options))
    weights = saved(tmp_path, model, adapted)
    linear = {
        f"{name.removeprefix('base_model.model.')}.weight"
        for name, module in adapted.named_modules()
        if hasattr(module, "lora_A")
    }
    assert weights.touched == sorted(linear)
    agrees_with_peft(weights, adapted)


@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "bin"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_adapter_file_of_either_kind_and_dtype(
    untied: PreTrainedModel, tmp_path: Path, safe: bool, dtype: torch.dtype
) -> None:
    adapted = trained(untied, LoraConfig(r=4, target_modules=["q_proj", "down_proj"]))
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.to(dtype)
    weights = saved(tmp_path, untied, adapted, safe=safe)
    file = tmp_path / "adapter" / f"adapter_model.{'safetensors' if safe else 'bin'}"
    assert weights.files == [tmp_path / "adapter" / "adapter_config.json", file]
    assert weights.file(Q) == file
    assert weights.file("model.norm.weight") == tmp_path / "base" / "model.safetensors"
    for parameter in adapted.parameters():  # merged in float32: peft would merge in bfloat16
        parameter.data = parameter.data.float()
    agrees_with_peft(weights, adapted)


@pytest.mark.parametrize("options", [{}, {"ensure_weight_tying": True}], ids=str)
def test_a_whole_output_head_beside_the_adapter(
    untied: PreTrainedModel, tmp_path: Path, options: dict
) -> None:
    config = LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["lm_head"], **options)
    adapted = trained(untied, config)
    weights = saved(tmp_path, untied, adapted)
    assert "lm_head.weight" in weights.touched
    assert not torch.equal(weights.tensor("lm_head.weight"), untied.lm_head.weight.data)
    agrees_with_peft(weights, adapted)


def test_safetensors_are_preferred_to_bin_as_in_peft(
    untied: PreTrainedModel, tmp_path: Path
) -> None:
    weights = plain(tmp_path, untied)
    torch.save({"stale": torch.ones(1)}, weights.folder / "adapter_model.bin")
    agrees_with_peft(weights, PeftModel.from_pretrained(untied, weights.folder))


def test_the_magnitudes_under_the_name_that_they_have_in_memory(
    untied: PreTrainedModel, tmp_path: Path
) -> None:
    adapted = trained(untied, LoraConfig(r=2, target_modules=["q_proj"], use_dora=True))
    weights = saved(tmp_path, untied, adapted)

    def rename(tensors: dict) -> None:
        for key in [key for key in tensors if key.endswith("magnitude_vector")]:
            tensors[f"{key}.weight"] = tensors.pop(key)

    edit(weights.folder / "adapter_model.safetensors", rename)
    agrees_with_peft(weights, adapted)


def test_what_a_config_leaves_out_is_as_in_peft(untied: PreTrainedModel, tmp_path: Path) -> None:
    weights = plain(tmp_path, untied, lora_alpha=3)
    (weights.folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    truth = LoraConfig()
    for option, value in weights.config.model_dump(exclude={"peft_type"}).items():
        assert value == getattr(truth, option)


@pytest.mark.parametrize("options", [{}, {"use_rslora": True}, {"use_dora": True}], ids=str)
def test_an_adapter_on_the_embeddings(
    model: PreTrainedModel, tmp_path: Path, options: dict
) -> None:
    targets = ["embed_tokens", "q_proj"]
    adapted = trained(model, LoraConfig(r=3, target_modules=targets, **options))
    weights = saved(tmp_path, model, adapted)
    assert EMBED in weights.touched
    agrees_with_peft(weights, adapted)


def test_an_adapter_of_a_sharded_base(model: PreTrainedModel, tmp_path: Path) -> None:
    adapted = trained(model, LoraConfig(r=2, target_modules="all-linear"))
    model.save_pretrained(tmp_path / "shards", max_shard_size="10KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 2
    adapted.save_pretrained(tmp_path / "adapter")
    weights = open_weights(tmp_path / "adapter", WeightFiles(tmp_path / "shards"))
    agrees_with_peft(weights, adapted)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_an_adapter_of_a_base_of_another_dtype_is_merged_in_float32(
    untied: PreTrainedModel, tmp_path: Path, dtype: torch.dtype
) -> None:
    untied.to(dtype)
    weights = plain(tmp_path, untied)
    assert weights.dtype(Q) == weights.tensor(Q).dtype == torch.float32
    norm = "model.norm.weight"
    assert weights.dtype(norm) == weights.tensor(norm).dtype == dtype
    delta = weights.tensor(Q) - untied.state_dict()[Q].float()
    torch.testing.assert_close(delta, weights.delta(weights._base, Q), rtol=0, atol=1e-7)


# ---- ΔW ----


def float64_product(folder: Path, name: str, scale: float) -> np.ndarray:
    tensors = load_file(folder / "adapter_model.safetensors")
    stem = f"base_model.model.{name.removesuffix('.weight')}"
    a, b = (tensors[f"{stem}.lora_{side}.weight"].double().numpy() for side in "AB")
    return scale * (b @ a)


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ({"lora_alpha": 6}, 2),
        ({"lora_alpha": 6, "use_rslora": True}, 6 / math.sqrt(3)),
        ({"alpha_pattern": {"down_proj": 1.5}}, 0.5),
    ],
    ids=str,
)
def test_delta_is_the_product_itself_not_a_difference_of_rounded_weights(
    untied: PreTrainedModel, tmp_path: Path, options: dict, scale: float
) -> None:
    config = LoraConfig(r=3, target_modules=["down_proj"], **options)
    # A small update, as RL makes them: of the merged weights' digits it holds only the last.
    weights = saved(tmp_path, untied, trained(untied, config, size=1e-5))
    base = weights._base
    truth = float64_product(weights.folder, DOWN, scale)
    delta = weights.delta(base, DOWN)
    assert delta.dtype == torch.float32
    error = np.abs(delta.double().numpy() - truth).max()
    rounded = (weights.tensor(DOWN) - base.tensor(DOWN)).double().numpy()
    assert error < 1e-6 * np.abs(truth).max()
    assert np.abs(rounded - truth).max() > 100 * error


def test_the_delta_of_what_the_adapter_does_not_reach_is_zero(
    untied: PreTrainedModel, tmp_path: Path
) -> None:
    weights = plain(tmp_path, untied)
    other = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(weights.delta(weights._base, other), torch.zeros(48, 32))
    assert torch.equal(weights.tensor(other), untied.state_dict()[other])


def test_the_delta_from_another_base_is_the_difference_of_the_weights(
    untied: PreTrainedModel, tmp_path: Path
) -> None:
    weights = plain(tmp_path, untied)
    other = llama()
    other.save_pretrained(tmp_path / "other")
    truth = (weights.tensor(Q).double() - other.state_dict()[Q].double()).float()
    delta = weights.delta(WeightFiles(tmp_path / "other"), Q)
    torch.testing.assert_close(delta, truth, rtol=0, atol=1e-7)


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    rank=st.integers(1, 4),
    alpha=st.sampled_from([0.5, 1, 8, 32]),
    rslora=st.booleans(),
    seed=st.integers(0, 2**16),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_hand_made_adapters_of_any_shape(
    tmp_path: Path, rows: int, columns: int, rank: int, alpha: float, rslora: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    before, b, a = (
        random.standard_normal(shape).astype(np.float32)
        for shape in ((rows, columns), (rows, rank), (rank, columns))
    )
    for folder in ("base", "adapter"):
        (tmp_path / folder).mkdir(exist_ok=True)
    save_file({Q: torch.from_numpy(before)}, tmp_path / "base" / "model.safetensors")
    stem = f"base_model.model.{Q.removesuffix('.weight')}"
    parts = {f"{stem}.lora_A.weight": a, f"{stem}.lora_B.weight": b}
    save_file(
        {key: torch.from_numpy(part) for key, part in parts.items()},
        tmp_path / "adapter" / "adapter_model.safetensors",
    )
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "use_rslora": rslora}
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(config))
    weights = AdapterWeights(tmp_path / "adapter", WeightFiles(tmp_path / "base"))
    scale = alpha / (math.sqrt(rank) if rslora else rank)
    change = scale * (b.astype(np.float64) @ a)
    np.testing.assert_allclose(weights.delta(weights._base, Q), change, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(weights.tensor(Q), before + change, rtol=1e-5, atol=1e-4)


# ---- options that cannot be merged here ----


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"bias": "all"}, "bias=all"),
        ({"bias": "lora_only"}, "bias=lora_only"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights=pissa"),
        ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights=pissa_niter_4"),
        ({"init_lora_weights": "olora"}, "init_lora_weights=olora"),
        ({"lora_bias": True}, "lora_bias=True"),
        ({"lora_alpha": 0}, "lora_alpha=0"),
        ({"trainable_token_indices": [1, 2]}, "trainable_token_indices="),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_option_that_is_not_merged_here_is_refused_by_name(
    tmp_path: Path, options: dict, named: str
) -> None:
    torch.manual_seed(0)
    model = qwen2(tie_word_embeddings=False)  # with biases
    weights = plain(tmp_path, model, **options)
    message = fault(weights)
    assert f"{tmp_path / 'adapter' / 'adapter_config.json'}: {named}" in message
    with pytest.raises(AlphaRLBenchError, match="is not supported"):
        weights.names  # noqa: B018  (a property that reads)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"layer_replication": [(0, 2), (1, 2)]}, "layer_replication="),
        ({"alora_invocation_tokens": [5]}, "alora_invocation_tokens="),
        ({"init_lora_weights": "loftq", "loftq_config": {"loftq_bits": 4}}, "=loftq"),
        ({"init_lora_weights": "corda"}, "init_lora_weights=corda"),
        ({"init_lora_weights": "a_later_invention"}, "init_lora_weights=a_later_invention"),
        ({"use_qalora": True}, "use_qalora=True"),
        ({"init_lora_weights": "lora_ga"}, "init_lora_weights=lora_ga"),
        ({"megatron_config": {"a": 1}}, "megatron_config="),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_option_of_pefts_config_is_refused_by_name(
    untied: PreTrainedModel, tmp_path: Path, options: dict, named: str
) -> None:
    weights = plain(tmp_path, untied)
    written = LoraConfig(target_modules=["q_proj"], **options).to_dict()
    edit(weights.folder / "adapter_config.json", lambda config: config.update(_plain(written)))
    assert named in fault(weights)


def _plain(config: dict) -> dict:
    """As peft's ``save_pretrained`` writes it."""
    return {key: sorted(v) if isinstance(v, set) else v for key, v in config.items()} | {
        "peft_type": "LORA",
        "runtime_config": None,
    }


def test_an_adapter_of_parameters_is_refused_by_name(tmp_path: Path) -> None:
    model = model_of("qwen3-moe")
    weights = plain(
        tmp_path, model, target_modules=["q_proj"], target_parameters=["mlp.experts.down_proj"]
    )
    assert "target_parameters=" in fault(weights)


def test_another_method_of_peft_is_refused_by_name(untied: PreTrainedModel, tmp_path: Path) -> None:
    config = IA3Config(target_modules=["k_proj", "down_proj"], feedforward_modules=["down_proj"])
    weights = saved(tmp_path, untied, get_peft_model(copy.deepcopy(untied), config))
    assert "peft_type=IA3" in fault(weights)


def test_several_options_are_all_named(untied: PreTrainedModel, tmp_path: Path) -> None:
    weights = plain(tmp_path, untied, bias="all", init_lora_weights="olora")
    message = fault(weights)
    assert "bias=all" in message
    assert "init_lora_weights=olora" in message


@pytest.mark.parametrize("initial", [False, "gaussian", "orthogonal", "eva", "mica"])
def test_an_initialisation_that_leaves_the_base_alone_is_merged(
    untied: PreTrainedModel, tmp_path: Path, initial: object
) -> None:
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=initial)
    adapted = trained(untied, config)
    agrees_with_peft(saved(tmp_path, untied, adapted), adapted)


# ---- damaged adapters ----


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"peft_type": "LORA", "r": "many", "lora_alpha": 1}', b"\xff"],
    ids=repr,
)
def test_a_damaged_config_is_named(untied: PreTrainedModel, tmp_path: Path, content: bytes) -> None:
    weights = plain(tmp_path, untied)
    path = weights.folder / "adapter_config.json"
    path.write_bytes(content)
    assert f"{path}: not the config of a LoRA adapter" in fault(weights)


def test_a_config_that_is_gone(untied: PreTrainedModel, tmp_path: Path) -> None:
    weights = plain(tmp_path, untied)
    (weights.folder / "adapter_config.json").unlink()
    assert str(weights.folder / "adapter_config.json") in fault(weights)


def test_adapter_weights_that_are_gone(untied: PreTrainedModel, tmp_path: Path) -> None:
    weights = plain(tmp_path, untied)
    (weights.folder / "adapter_model.safetensors").unlink()
    message = fault(weights)
    assert str(weights.folder) in message
    assert "adapter_model.safetensors" in message
    assert "adapter_model.bin" in message


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_adapter_weights_that_are_cut_short(
    untied: PreTrainedModel, tmp_path: Path, kept: int
) -> None:
    weights = plain(tmp_path, untied)
    path = weights.folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    assert str(path) in fault(weights)


@pytest.mark.parametrize("part", ["lora_A.weight", "lora_B.weight", "lora_magnitude_vector"])
def test_half_an_adapter(untied: PreTrainedModel, tmp_path: Path, part: str) -> None:
    weights = plain(tmp_path, untied, use_dora="magnitude" in part)
    path = weights.folder / "adapter_model.safetensors"
    stem = f"base_model.model.{Q.removesuffix('.weight')}"
    assert f"{stem}.{part}" in load_file(path)
    edit(path, lambda tensors: tensors.pop(f"{stem}.{part}"))
    message = fault(weights)
    assert str(path) in message
    assert f"'{Q}'" in message
    assert part.removesuffix(".weight") in message


@pytest.mark.parametrize("side", "AB")
def test_a_value_that_is_not_finite_in_the_adapter(
    untied: PreTrainedModel, tmp_path: Path, side: str
) -> None:
    weights = plain(tmp_path, untied)
    path = weights.folder / "adapter_model.safetensors"
    key = f"base_model.model.{Q.removesuffix('.weight')}.lora_{side}.weight"
    edit(path, lambda tensors: tensors[key].__setitem__((0, 0), torch.nan))
    message = fault(weights)
    assert f"{path}: tensor '{key}' holds NaN" in message


def test_an_adapter_of_modules_that_the_base_lacks(untied: PreTrainedModel, tmp_path: Path) -> None:
    weights = plain(tmp_path, untied)
    shutil.rmtree(tmp_path / "base")
    llama(num_hidden_layers=1).save_pretrained(tmp_path / "base")
    # Nothing of such a model can be trusted, not even what the adapter does not reach.
    for name in (Q, "model.norm.weight"):
        message = fault(open_weights(weights.folder, WeightFiles(tmp_path / "base")), name)
        assert str(weights.folder / "adapter_model.safetensors") in message
        assert str(tmp_path / "base") in message
        assert "model.layers.1." in message


def test_a_whole_head_on_a_base_with_a_tied_one(untied: PreTrainedModel, tmp_path: Path) -> None:
    weights = plain(tmp_path, untied, modules_to_save=["lm_head"])
    shutil.rmtree(tmp_path / "base")
    llama(tie_word_embeddings=True).save_pretrained(tmp_path / "base")
    message = fault(open_weights(weights.folder, WeightFiles(tmp_path / "base")))
    assert "'lm_head.weight' is trained, and the base" in message
    assert "ties it to the embeddings" in message


@pytest.mark.parametrize("changed", [{"intermediate_size": 1}, {"intermediate_size": 56}], ids=str)
def test_an_adapter_for_another_shape(
    untied: PreTrainedModel, tmp_path: Path, changed: dict
) -> None:
    weights = plain(tmp_path, untied)
    shutil.rmtree(tmp_path / "base")
    llama(**changed).save_pretrained(tmp_path / "base")
    message = fault(open_weights(weights.folder, WeightFiles(tmp_path / "base")), DOWN)
    for part in (str(weights.folder), "mlp.down_proj.weight'", "(32, 48)"):
        assert part in message
    assert f"(32, {changed['intermediate_size']})" in message


@pytest.mark.parametrize("tokens", [1, 44])
def test_a_whole_head_for_another_vocabulary(
    untied: PreTrainedModel, tmp_path: Path, tokens: int
) -> None:
    # One token would broadcast without a word.
    weights = plain(tmp_path, untied, modules_to_save=["lm_head"])
    path = weights.folder / "adapter_model.safetensors"
    edit(path, lambda t: t.update({"base_model.model.lm_head.weight": torch.ones(tokens, 32)}))
    message = fault(weights, "lm_head.weight")
    for part in (str(path), "'lm_head.weight'", f"({tokens}, 32)", "(50, 32)"):
        assert part in message


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 32), (32, 5)),
        ((64,), (32, 2)),
    ],
    ids=str,
)
def test_two_halves_that_make_no_product(
    untied: PreTrainedModel, tmp_path: Path, a: tuple[int, ...], b: tuple[int, ...]
) -> None:
    weights = plain(tmp_path, untied)
    path = weights.folder / "adapter_model.safetensors"
    stem = f"base_model.model.{Q.removesuffix('.weight')}"
    halves = {f"{stem}.lora_A.weight": torch.ones(a), f"{stem}.lora_B.weight": torch.ones(b)}
    edit(path, lambda tensors: tensors.update(halves))
    message = fault(weights)
    for part in (str(path), f"'{Q}'", str(a), str(b)):
        assert part in message


def test_a_magnitude_of_another_size(untied: PreTrainedModel, tmp_path: Path) -> None:
    weights = plain(tmp_path, untied, use_dora=True)
    path = weights.folder / "adapter_model.safetensors"
    key = f"base_model.model.{Q.removesuffix('.weight')}.lora_magnitude_vector"
    edit(path, lambda tensors: tensors.update({key: torch.ones(1)}))
    message = fault(weights)
    assert str(path) in message
    assert f"'{Q}'" in message


def test_a_tensor_that_is_no_part_of_an_adapter(untied: PreTrainedModel, tmp_path: Path) -> None:
    weights = plain(tmp_path, untied)
    path = weights.folder / "adapter_model.safetensors"
    key = f"base_model.model.{Q.removesuffix('.weight')}.ia3_l"
    edit(path, lambda tensors: tensors.update({key: torch.ones(32)}))
    message = fault(weights)
    assert str(path) in message
    assert key in message


# ---- opening and identity ----


def test_an_adapter_is_told_from_a_model(untied: PreTrainedModel, tmp_path: Path) -> None:
    adapter = plain(tmp_path, untied).folder
    assert is_adapter(adapter)
    assert not is_adapter(tmp_path / "base")
    assert type(open_weights(tmp_path / "base")) is WeightFiles
    with pytest.raises(AlphaRLBenchError) as caught:
        open_weights(adapter)
    assert f"{adapter}: a LoRA adapter" in str(caught.value)


def test_an_adapter_goes_before_whole_weights_beside_it(
    untied: PreTrainedModel, tmp_path: Path
) -> None:
    """These are the base's: read as the model, they would be no update at all."""
    adapter = plain(tmp_path, untied).folder
    shutil.copy(tmp_path / "base" / "model.safetensors", adapter)
    assert is_adapter(adapter)
    weights = open_weights(adapter, WeightFiles(tmp_path / "base"))
    assert type(weights) is AdapterWeights
    assert any("and not model.safetensors (" in note for note in weights.notes)


def test_the_digest_depends_on_the_adapter_and_the_base(
    untied: PreTrainedModel, tmp_path: Path
) -> None:
    weights = plain(tmp_path, untied)

    def digest(adapter: Path = weights.folder, base: Path = tmp_path / "base") -> str:
        return open_weights(adapter, WeightFiles(base)).digest

    moved = shutil.copytree(weights.folder, tmp_path / "moved")
    rebased = shutil.copytree(tmp_path / "base", tmp_path / "rebased")
    assert digest() == digest(adapter=moved) == digest(base=rebased)
    edit(
        moved / "adapter_model.safetensors",
        lambda tensors: next(iter(tensors.values())).add_(1),
    )
    scaled = shutil.copytree(weights.folder, tmp_path / "scaled")
    edit(scaled / "adapter_config.json", lambda config: config.update(lora_alpha=99))
    edit(
        rebased / "model.safetensors",
        lambda tensors: next(iter(tensors.values())).add_(1),
    )
    assert len({digest(), digest(adapter=moved), digest(adapter=scaled), digest(base=rebased)}) == 4
    assert digest() != WeightFiles(tmp_path / "base").digest
