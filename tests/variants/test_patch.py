"""Variants in a real model: against peft's merge, and the base's bits afterwards."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, Qwen3Config, Qwen3ForCausalLM

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.variants import (
    BASE,
    FULL,
    Variant,
    full_at,
    percent,
    random_control,
    rank,
    subspace,
)
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel

PROJECTIONS = [f"{p}_proj" for p in ("q", "k", "v", "o", "up", "gate", "down")]
NORM = "model.norm.weight"
UP = "model.layers.1.mlp.up_proj.weight"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A base, and a checkpoint of it in which every parameter has moved."""
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=20,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        tie_word_embeddings=True,
    )
    model = Qwen3ForCausalLM(config)
    model.save_pretrained(tmp_path / "base")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.01)
    model.save_pretrained(tmp_path / "checkpoint-10")
    return Run("mine", tmp_path / "base", (Checkpoint(10, tmp_path / "checkpoint-10"),))


def loaded(folder: Path, dtype: torch.dtype = torch.float32) -> Qwen3ForCausalLM:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)


def patched(run: Run, dtype: torch.dtype = torch.float32) -> PatchedModel:
    return PatchedModel(loaded(run.base, dtype), UpdateSource(run))


def parameters(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def assert_equal_bits(found: torch.nn.Module, expected: dict[str, torch.Tensor]) -> None:
    found = dict(found.named_parameters())
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def change(run: Run, name: str, tensor: torch.Tensor | None) -> Path:
    """Put another tensor into the checkpoint, or take one out."""
    path = run.final.path / "model.safetensors"
    tensors = {**load_file(path), name: tensor}
    if tensor is None:
        del tensors[name]
    save_file(tensors, path, metadata={"format": "pt"})
    return path


@pytest.mark.parametrize("r", [1, 3])
def test_a_rank_k_update_is_a_merged_lora_adapter(run: Run, r: int) -> None:
    before, after = (parameters(loaded(folder)) for folder in (run.base, run.final.path))
    lora = LoraConfig(r=r, lora_alpha=r, target_modules=PROJECTIONS)
    adapter = get_peft_model(loaded(run.base), lora)
    factors = dict(adapter.named_parameters())
    modules = [name for name in before if "_proj" in name]
    assert len(modules) == 14
    with torch.no_grad():
        for name in modules:
            delta = (after[name] - before[name]).numpy()
            left, sigma, right = np.linalg.svd(delta, full_matrices=False)
            # Equation 3: the kept singular values, scaled to the norm of all of them.
            root = np.sqrt(sigma[:r] * np.linalg.norm(sigma) / np.linalg.norm(sigma[:r]))
            stem = f"base_model.model.{name.removesuffix('.weight')}"
            factors[f"{stem}.lora_A.default.weight"].copy_(torch.tensor(root[:, None] * right[:r]))
            factors[f"{stem}.lora_B.default.weight"].copy_(torch.tensor(left[:, :r] * root))
    merged = parameters(adapter.merge_and_unload())
    with patched(run).use_variant(rank(r)) as model:
        worn = parameters(model)
    assert worn.keys() == merged.keys()
    for name, expected in merged.items():
        torch.testing.assert_close(worn[name], expected, atol=1e-6, rtol=0)
        # Only the 14 modules move: embeddings and norms are the base's.
        assert torch.equal(worn[name], before[name]) == (name not in modules)


def test_the_full_variant_is_the_checkpoint_itself(run: Run, tmp_path: Path) -> None:
    trained = loaded(run.final.path)
    trained.save_pretrained(tmp_path / "checkpoint-20", max_shard_size="8KB")
    assert len(list((tmp_path / "checkpoint-20").glob("*.safetensors"))) > 1
    run = replace(run, checkpoints=(*run.checkpoints, Checkpoint(20, tmp_path / "checkpoint-20")))
    for variant in (FULL, full_at(10), full_at(20)):
        with patched(run).use_variant(variant) as model:
            assert_equal_bits(model, parameters(trained))
            # The tied head moves with the embeddings.
            assert torch.equal(model.lm_head.weight, model.model.embed_tokens.weight)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_base_is_restored_bit_for_bit_after_every_variant(run: Run, dtype: torch.dtype) -> None:
    spec, before = patched(run, dtype), parameters(loaded(run.base, dtype))
    for variant in (FULL, rank(1), rank(1, alpha=1.5), percent(50), subspace(2), random_control(0)):
        with spec.use_variant(variant) as model:
            assert not torch.equal(model.get_parameter(UP), before[UP])
        assert_equal_bits(spec.model, before)


def test_the_base_variant_is_the_base(run: Run) -> None:
    with patched(run).use_variant(BASE) as model:
        assert_equal_bits(model, parameters(loaded(run.base)))


def test_weights_in_bfloat16_are_rounded_once(run: Run) -> None:
    source = UpdateSource(run)
    with patched(run, torch.bfloat16).use_variant(rank(2)) as model:
        worn = parameters(model)
    base = parameters(loaded(run.base, torch.bfloat16))
    for name, update in source.update(rank(2)).items():
        exact = base[name].double() + update.dense().double()
        # Half a unit in the last of bfloat16's eight bits.
        assert ((worn[name].double() - exact).abs() <= exact.abs() * 2**-8).all()


def _fail_inside(spec: PatchedModel, variant: Variant) -> None:
    with spec.use_variant(variant) as model, torch.no_grad():
        model.get_parameter(UP).zero_()  # damage on top of it
        raise RuntimeError


@pytest.mark.parametrize("variant", [FULL, rank(1)], ids=lambda v: v.label)
def test_the_base_is_restored_after_an_error_in_the_block(run: Run, variant: Variant) -> None:
    spec = patched(run)
    with pytest.raises(RuntimeError):
        _fail_inside(spec, variant)
    assert_equal_bits(spec.model, parameters(loaded(run.base)))


def fault(run: Run, variant: Variant) -> str:
    """What is said about a damaged checkpoint; the model must be the base after it."""
    spec = patched(run)
    before = parameters(spec.model)
    with pytest.raises(AlphaRLBenchError) as caught, spec.use_variant(variant):
        pass
    assert_equal_bits(spec.model, before)
    return str(caught.value)


@pytest.mark.parametrize("variant", [FULL, rank(1)], ids=lambda v: v.label)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_checkpoint(run: Run, variant: Variant, value: float) -> None:
    path = change(run, UP, torch.full((24, 16), value))
    message = fault(run, variant)
    assert str(path) in message
    assert f"'{UP}'" in message


@pytest.mark.parametrize(("variant", "name"), [(FULL, NORM), (FULL, UP), (rank(1), UP)])
def test_a_checkpoint_without_a_tensor(run: Run, variant: Variant, name: str) -> None:
    change(run, name, None)
    message = fault(run, variant)
    assert str(run.final.path) in message
    assert name in message


def test_a_checkpoint_with_a_tensor_that_the_base_has_not(run: Run) -> None:
    change(run, "another.weight", torch.ones(1, 16))
    message = fault(run, FULL)
    assert str(run.final.path) in message
    assert "another.weight" in message


@pytest.mark.parametrize("shape", [(24, 17), (1, 16)])
@pytest.mark.parametrize("variant", [rank(1), FULL], ids=lambda v: v.label)
def test_a_checkpoint_of_another_shape(run: Run, variant: Variant, shape: tuple[int, int]) -> None:
    change(run, UP, torch.ones(shape))  # the base has (24, 16)
    message = fault(run, variant)
    assert str(run.final.path) in message
    assert f"'{UP}'" in message
