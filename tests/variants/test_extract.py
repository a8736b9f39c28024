"""Extracted folders in every format and architecture, against peft, transformers and each other."""

import json
import stat

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.checkpoints import open_run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.variants import FULL, Variant, percent, rank, subspace
from alpharl_bench.variants.extract import RECORD, extract
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel
from benchmarks.architectures import saved_pair, tiny_model
from tests.models import ARCHITECTURES, DENSE, VOCABULARY, model_of, trained_pair

TOKENS = torch.arange(3, 25).reshape(2, 11) % VOCABULARY


def source_of(base, checkpoint, **options):
    return UpdateSource(open_run(checkpoint, base), **options)


def loaded(folder, dtype=torch.float32):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()


@torch.no_grad()
def logits(model):
    return model(TOKENS).logits


def matrices(folder):
    """Attention and MLP weights as stored, except norms and biases."""
    return {
        name: tensor
        for name, tensor in load_file(folder / "model.safetensors").items()
        if (".self_attn." in name or ".mlp." in name) and tensor.ndim == 2
    }


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("anchor", ["base", "checkpoint"])
def test_a_merged_folder_is_the_model_of_the_formula(tmp_path, architecture, anchor):
    base, checkpoint = trained_pair(tmp_path, architecture)
    out = tmp_path / "out"
    extract(source_of(base, checkpoint), rank(2, alpha=0.5), out, form="merged", anchor=anchor)
    before, after, merged = map(matrices, (base, checkpoint, out))
    assert before.keys() == merged.keys()
    for name, weight in merged.items():
        delta = after[name].double().numpy() - before[name].double().numpy()
        left, sigma, right = np.linalg.svd(delta, full_matrices=False)
        part = (left[:, :2] * sigma[:2]) @ right[:2]
        part *= 0.5 * np.linalg.norm(delta) / np.linalg.norm(part)
        start = before[name] if anchor == "base" else after[name]
        np.testing.assert_allclose(weight, start.double().numpy() + part, atol=2e-6)
    others = load_file(out / "model.safetensors")
    anchored = load_file((base if anchor == "base" else checkpoint) / "model.safetensors")
    for name in anchored.keys() - merged.keys():
        assert torch.equal(others[name], anchored[name])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_formats_give_the_same_model(tmp_path, architecture):
    base, checkpoint = trained_pair(tmp_path, architecture, scale=0.05)
    source = source_of(base, checkpoint)
    extract(source, rank(1), tmp_path / "merged", form="merged")
    truth = logits(loaded(tmp_path / "merged"))
    assert (truth - logits(loaded(base))).abs().max() > 0.05
    with PatchedModel(loaded(base), source).use_variant(rank(1)) as model:
        torch.testing.assert_close(logits(model), truth, atol=1e-5, rtol=0)
    if architecture in DENSE:
        extract(source, rank(1), tmp_path / "peft", form="peft")
        adapted = PeftModel.from_pretrained(loaded(base), tmp_path / "peft")
        torch.testing.assert_close(logits(adapted), truth, atol=1e-5, rtol=0)
        # Not only the outputs: every weight after peft's own merge.
        merged = adapted.merge_and_unload().state_dict()
        for name, weight in loaded(tmp_path / "merged").state_dict().items():
            torch.testing.assert_close(merged[name], weight, atol=1e-6, rtol=0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_patched_model_is_the_base_again_bit_for_bit(tmp_path, architecture):
    base, checkpoint = trained_pair(tmp_path, architecture, dtype=torch.bfloat16)
    model = loaded(base, torch.bfloat16)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    patched = PatchedModel(model, source_of(base, checkpoint))
    for variant in (rank(2), subspace(3), Variant("full")):
        with patched.use_variant(variant):
            changed = [n for n, t in model.state_dict().items() if not torch.equal(t, before[n])]
        assert any("mlp" in name for name in changed)
        for name, tensor in model.state_dict().items():
            assert torch.equal(tensor, before[name]), name
    full = loaded(checkpoint, torch.bfloat16).state_dict()
    with patched.use_variant(Variant("full")):
        for name, tensor in model.state_dict().items():
            assert torch.equal(tensor, full[name]), name


def test_stacked_experts_are_taken_apart_and_put_together_again(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3-moe", save_original_format=False)
    stack = "model.layers.0.mlp.experts.gate_up_proj"
    before, after = (load_file(f / "model.safetensors")[stack] for f in (base, checkpoint))
    assert before.ndim == 3
    extract(source_of(base, checkpoint), rank(1), tmp_path / "out", form="merged")
    merged = load_file(tmp_path / "out" / "model.safetensors")[stack]
    for expert in range(4):
        update = (merged[expert] - before[expert]).double().numpy()
        delta = (after[expert] - before[expert]).double().numpy()
        sigma = np.linalg.svd(update, compute_uv=False)
        assert sigma[1] < 1e-4 * sigma[0]
        assert sigma[0] == pytest.approx(np.linalg.norm(delta), rel=1e-4)
    with PatchedModel(loaded(base), source_of(base, checkpoint)).use_variant(rank(1)) as model:
        torch.testing.assert_close(
            logits(model), logits(loaded(tmp_path / "out")), atol=1e-5, rtol=0
        )


def test_vllm_gets_a_fused_matrix_of_phi_3_whole(tmp_path):
    # vLLM's phi3.py packs "gate_up_proj": ["gate_up_proj"], its glm4.py two of them.
    source = source_of(*trained_pair(tmp_path, "phi3"))
    extract(source, rank(2), tmp_path / "vllm", form="vllm")
    names = load_file(tmp_path / "vllm" / "adapter_model.safetensors")
    assert any("mlp.gate_up_proj.lora_B" in name for name in names)
    assert not any(part in name for name in names for part in (".gate_proj.", ".up_proj."))


def test_vllm_gets_the_halves_of_a_fused_matrix_under_their_own_names(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "glm4")
    source = source_of(base, checkpoint)
    for form in ("peft", "vllm"):
        extract(source, rank(2), tmp_path / form, form=form)
    fused, split = (
        load_file(tmp_path / form / "adapter_model.safetensors") for form in ("peft", "vllm")
    )
    stem = "base_model.model.model.layers.1.mlp"
    whole = (
        fused[f"{stem}.gate_up_proj.lora_B.weight"] @ fused[f"{stem}.gate_up_proj.lora_A.weight"]
    )
    halves = [
        split[f"{stem}.{half}.lora_B.weight"] @ split[f"{stem}.{half}.lora_A.weight"]
        for half in ("gate_proj", "up_proj")
    ]
    torch.testing.assert_close(torch.cat(halves), whole)
    assert not any("gate_up_proj" in key for key in split)
    config = json.loads((tmp_path / "vllm" / "adapter_config.json").read_text())
    assert {"gate_proj", "up_proj", "down_proj"} <= set(config["target_modules"])
    assert config["lora_alpha"] == config["r"] == 2


@pytest.mark.parametrize("form", ["peft", "merged"])
def test_embeddings_and_an_untied_head_move_when_asked(tmp_path, form):
    base, checkpoint = trained_pair(tmp_path, "llama")
    source = source_of(base, checkpoint, embeddings=True)
    extract(source, rank(1), tmp_path / "out", form=form)
    if form == "peft":
        adapted = PeftModel.from_pretrained(loaded(base), tmp_path / "out")
        state = adapted.merge_and_unload().state_dict()
    else:
        state = loaded(tmp_path / "out").state_dict()
    before, after = (loaded(folder).state_dict() for folder in (base, checkpoint))
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        left, sigma, right = np.linalg.svd((after[name] - before[name]).double().numpy())
        expected = np.linalg.norm(sigma) * np.outer(left[:, 0], right[0])
        np.testing.assert_allclose(
            (state[name] - before[name]).double().numpy(), expected, atol=1e-5
        )


def test_tied_embeddings_move_as_one_in_a_merged_folder_and_are_refused_in_an_adapter(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen2")
    source = source_of(base, checkpoint, embeddings=True)
    with pytest.raises(AlphaRLBenchError, match=r"ties its output head .* --format merged"):
        extract(source, rank(1), tmp_path / "out", form="peft")
    assert not (tmp_path / "out").exists()
    extract(source, rank(1), tmp_path / "out", form="merged")
    model = loaded(tmp_path / "out")
    assert torch.equal(model.lm_head.weight, model.model.embed_tokens.weight)
    assert not torch.equal(model.lm_head.weight, loaded(base).lm_head.weight)


def test_an_adapter_cannot_reach_one_expert(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3-moe")
    with pytest.raises(AlphaRLBenchError, match=r"experts\.0\.down_proj.*--format merged"):
        extract(source_of(base, checkpoint), rank(1), tmp_path / "out", form="peft")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("model_type", ["gpt2", "openai-gpt", "gpt_bigcode", "opt", "gpt_neox"])
def test_an_adapter_of_other_names_and_of_transposed_layers(tmp_path, model_type):
    saved_pair(tiny_model(model_type), tmp_path)
    source = source_of(tmp_path / "base", tmp_path / "trained")
    for form in ("merged", "peft"):
        extract(source, rank(2), tmp_path / form, form=form)
    truth = logits(loaded(tmp_path / "merged"))
    assert (truth - logits(loaded(tmp_path / "base"))).abs().max() > 1e-3
    adapted = PeftModel.from_pretrained(loaded(tmp_path / "base"), tmp_path / "peft").eval()
    torch.testing.assert_close(logits(adapted), truth, atol=1e-5, rtol=0)


def test_an_adapter_cannot_reach_a_bare_parameter(tmp_path):
    saved_pair(tiny_model("mamba"), tmp_path)
    source = source_of(tmp_path / "base", tmp_path / "trained")
    with pytest.raises(AlphaRLBenchError, match=r"A_log' is no linear layer.*--format merged"):
        extract(source, rank(1), tmp_path / "out", form="peft")


@pytest.mark.parametrize("model_type", ["mixtral", "minimax_m2", "olmoe"])
def test_a_mixture_whose_experts_are_renamed_in_memory_is_patched_in_place(tmp_path, model_type):
    saved_pair(tiny_model(model_type), tmp_path)
    source = source_of(tmp_path / "base", tmp_path / "trained")
    extract(source, rank(1), tmp_path / "merged", form="merged")
    base = loaded(tmp_path / "base")
    before = logits(base)
    patched = PatchedModel(base, source)
    for variant, folder in ((rank(1), "merged"), (FULL, "trained")):
        with patched.use_variant(variant) as model:
            found, truth = logits(model), logits(loaded(tmp_path / folder))
        assert (truth - before).abs().max() > 1e-3
        torch.testing.assert_close(found, truth, atol=1e-5, rtol=0)
    assert torch.equal(logits(base), before)


def test_smaller_modules_are_padded_to_the_common_rank(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3")  # k_proj and v_proj have 16 rows
    source = source_of(base, checkpoint)
    extract(source, rank(24), tmp_path / "peft", form="peft")
    extract(source, rank(24), tmp_path / "merged", form="merged")
    tensors = load_file(tmp_path / "peft" / "adapter_model.safetensors")
    assert {t.shape[0] for name, t in tensors.items() if "lora_A" in name} == {24}
    adapted = PeftModel.from_pretrained(loaded(base), tmp_path / "peft")
    torch.testing.assert_close(
        logits(adapted), logits(loaded(tmp_path / "merged")), atol=1e-5, rtol=0
    )


def test_a_share_of_the_subspaces_and_a_negative_scale(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3")
    source = source_of(base, checkpoint)
    extract(source, percent(10), tmp_path / "plus", form="peft")
    negated = Variant("percent", 10, alpha=-1.0)
    extract(source, negated, tmp_path / "minus", form="merged")
    adapted = PeftModel.from_pretrained(loaded(base), tmp_path / "plus").merge_and_unload()
    up = "model.layers.0.mlp.up_proj.weight"
    before = loaded(base).state_dict()[up]
    torch.testing.assert_close(
        adapted.state_dict()[up] - before,
        before - loaded(tmp_path / "minus").state_dict()[up],
        atol=1e-6,
        rtol=0,
    )


def test_everything_beside_the_weights_is_copied_and_nothing_else(tmp_path):
    base = base_folder(load_registry().model("qwen3-switch"))
    weights = load_file(base / "model.safetensors")
    (tmp_path / "checkpoint-3").mkdir()
    moved = {name: tensor + 0.01 * torch.randn_like(tensor) for name, tensor in weights.items()}
    save_file(moved, tmp_path / "checkpoint-3" / "model.safetensors", metadata={"format": "pt"})
    source = source_of(base, tmp_path / "checkpoint-3")
    extract(source, rank(1), tmp_path / "out", form="merged", dtype=torch.bfloat16)
    kept = {path.name for path in base.iterdir()}
    assert {path.name for path in (tmp_path / "out").iterdir()} == kept | {RECORD}
    assert AutoConfig.from_pretrained(tmp_path / "out").dtype == torch.bfloat16
    for name in kept - {"model.safetensors", "config.json"}:
        assert (tmp_path / "out" / name).read_bytes() == (base / name).read_bytes()
    assert AutoTokenizer.from_pretrained(tmp_path / "out")("1+2=").input_ids
    assert {t.dtype for t in load_file(tmp_path / "out" / "model.safetensors").values()} == {
        torch.bfloat16
    }
    # Others may read it too: some writers make files for their owner alone.
    assert all(p.stat().st_mode & stat.S_IROTH for p in (tmp_path / "out").iterdir())


def test_large_models_are_written_in_shards(tmp_path, monkeypatch):
    monkeypatch.setattr("alpharl_bench.variants.merged._SHARD", "8KB")
    base, checkpoint = trained_pair(tmp_path, "qwen3", max_shard_size="20KB")
    source = source_of(base, checkpoint)
    extract(source, rank(1), tmp_path / "out", form="merged")
    assert len(list((tmp_path / "out").glob("model-*.safetensors"))) > 3
    with PatchedModel(loaded(base), source).use_variant(rank(1)) as model:
        torch.testing.assert_close(logits(loaded(tmp_path / "out")), logits(model))


def test_an_adapter_checkpoint_is_extracted_like_any_other(tmp_path):
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415

    model_of("qwen3").save_pretrained(tmp_path / "base")
    lora = LoraConfig(r=2, lora_alpha=6, target_modules="all-linear", init_lora_weights=False)
    trained = get_peft_model(loaded(tmp_path / "base"), lora)
    trained.save_pretrained(tmp_path / "checkpoint-9")
    source = source_of(tmp_path / "base", tmp_path / "checkpoint-9")
    # Rank 2 of an update of rank 2 is the whole update.
    extract(source, rank(2), tmp_path / "out", form="merged")
    torch.testing.assert_close(
        logits(loaded(tmp_path / "out")), logits(trained.eval()), atol=1e-4, rtol=0
    )


def test_the_record_says_where_everything_comes_from(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3", dtype=torch.bfloat16, scale=0.002)
    done = extract(source_of(base, checkpoint), rank(1), tmp_path / "out", form="merged")
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert record["base"]["folder"] == str(base)
    assert record["checkpoint"]["folder"] == str(checkpoint)
    assert record["dtypes"] == {"merged": "bfloat16", "peft": "float32", "in place": "float32"}
    modules = {module["module"]: module for module in record["modules"]}
    before, after = map(matrices, (base, checkpoint))
    assert modules.keys() == before.keys()
    for name, module in modules.items():
        delta = after[name].double().numpy() - before[name].double().numpy()
        sigma = np.linalg.svd(delta, compute_uv=False)
        assert module["norm"] == pytest.approx(np.linalg.norm(delta), rel=1e-5)
        assert module["captured"] == pytest.approx(sigma[0] / np.linalg.norm(sigma), rel=1e-4)
    assert done.norm == pytest.approx(
        np.linalg.norm([module["norm"] for module in modules.values()])
    )
    # What was written is what the report says was left of it.
    merged = matrices(tmp_path / "out")
    changed = sum(int((merged[name] != before[name]).sum()) for name in merged)
    assert record["rounding"]["merged"]["changed"] == pytest.approx(
        changed / sum(tensor.numel() for tensor in merged.values())
    )
    assert record["rounding"]["merged"]["error"] > 100 * record["rounding"]["peft"]["error"]


def test_a_checkpoint_that_equals_its_base(tmp_path):
    base, _ = trained_pair(tmp_path, "qwen3")
    loaded(base).save_pretrained(tmp_path / "checkpoint-1")
    with pytest.raises(AlphaRLBenchError, match=r"checkpoint-1.*equals that of the base"):
        extract(source_of(base, tmp_path / "checkpoint-1"), rank(1), tmp_path / "out", form="peft")
    assert not (tmp_path / "out").exists()


def test_a_module_that_did_not_move_is_stated(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3")
    still = "model.layers.1.mlp.down_proj.weight"
    weights = load_file(checkpoint / "model.safetensors")
    weights[still] = load_file(base / "model.safetensors")[still]
    save_file(weights, checkpoint / "model.safetensors", metadata={"format": "pt"})
    done = extract(source_of(base, checkpoint), rank(1), tmp_path / "out", form="merged")
    assert done.unmoved == [still]
    assert done.coverage.still["model.layers.*.mlp.down_proj.weight"] == (1, 2)
    assert torch.equal(matrices(tmp_path / "out")[still], weights[still])


def test_an_existing_folder_is_left_alone(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3")
    with pytest.raises(AlphaRLBenchError, match="is there already"):
        extract(source_of(base, checkpoint), rank(1), base, form="merged")


def test_nothing_is_left_of_an_extraction_that_fails(tmp_path, monkeypatch):
    base, checkpoint = trained_pair(tmp_path, "qwen3")

    def full_disk(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full_disk)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match="No space left"):
        extract(source_of(base, checkpoint), rank(1), tmp_path / "out", form="merged")
    assert sorted(tmp_path.iterdir()) == before
