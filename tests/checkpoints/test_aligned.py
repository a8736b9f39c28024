"""Whole checkpoints under other names, with more or fewer parts and tokens than their base."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from alpharl_bench.checkpoints import (
    Comparison,
    WeightFiles,
    Weights,
    compare,
    module_names,
    open_run,
    open_weights,
    unrelated,
)
from alpharl_bench.doctor import examine
from alpharl_bench.errors import AlphaRLBenchWarning
from alpharl_bench.variants import Variant
from alpharl_bench.variants.extract import extract
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel
from alpharl_bench.variants.spec import rank
from tests.models import trained_pair

EMBED, HEAD = "model.embed_tokens.weight", "lm_head.weight"
UP = "model.layers.0.mlp.up_proj.weight"
Tensors = dict[str, torch.Tensor]


class Pair:
    """A base and a checkpoint of it, whose files a test changes."""

    def __init__(self, folder: Path, architecture: str = "llama", **config: object) -> None:
        self.base, self.trained = trained_pair(folder, architecture, config=config)
        self.before, self.after = (
            load_file(side / "model.safetensors") for side in (self.base, self.trained)
        )

    def change(self, change: Callable[[Tensors], Tensors], side: str = "trained") -> None:
        path = getattr(self, side) / "model.safetensors"
        tensors = change({name: tensor.clone() for name, tensor in load_file(path).items()})
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)

    def rename(self, spell: Callable[[str], str], side: str = "trained") -> None:
        self.change(lambda tensors: {spell(name): of for name, of in tensors.items()}, side)

    @property
    def weights(self) -> Weights:
        return open_weights(self.trained, WeightFiles(self.base))

    def compare(self, *, embeddings: bool = False) -> Comparison:
        return compare(WeightFiles(self.base), self.weights, embeddings=embeddings)

    def holds(self, after: Tensors) -> None:
        """The checkpoint reads as these tensors."""
        weights = self.weights
        assert weights.names == sorted(after)
        for name, tensor in after.items():
            assert weights.shape(name) == tuple(tensor.shape)
            assert torch.equal(weights.tensor(name), tensor)
            assert torch.equal(weights.rows(name, slice(1, None)), tensor[1:])
            assert weights.file(name).parent in (self.trained, self.base)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def inside(segment: str) -> Callable[[str], str]:
    return lambda name: name.replace("model.layers.0.", f"model.layers.0.{segment}")


def multimodal(name: str) -> str:
    return f"language_model.{name}"


def multimodal_now(name: str) -> str:
    return name.replace("model.", "model.language_model.")


SPELLINGS = {
    "_orig_mod.": lambda name: f"_orig_mod.{name}",
    "module.": lambda name: f"module.{name}",
    "module._orig_mod.": lambda name: f"module._orig_mod.{name}",
    "pretrained_model.": lambda name: f"pretrained_model.{name}",
    "base_model.model.": lambda name: f"base_model.model.{name}",
    ".base_layer": lambda name: name.replace("q_proj.", "q_proj.base_layer."),
    "_fsdp_wrapped_module.": inside("_fsdp_wrapped_module."),
    "_checkpoint_wrapped_module.": inside("_checkpoint_wrapped_module."),
    "language_model. (LLaVA)": multimodal,
    "language_model. (Qwen)": multimodal_now,
    "model.": lambda name: name.removeprefix("model."),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_name_under_a_wrapper_is_that_of_the_base(pair: Pair, spelling: str) -> None:
    pair.rename(SPELLINGS[spelling])
    found = pair.compare()
    assert found.require() == tuple(module_names(WeightFiles(pair.base)))
    assert found.notes
    for note in found.notes:
        assert note.startswith(f"{pair.trained}: ")
        assert "names differ from the base's by '" in note
    pair.holds(pair.after)
    assert not pair.weights.as_stored


def test_each_rule_is_named_once_with_its_count(pair: Pair) -> None:
    pair.rename(lambda name: f"module._orig_mod.{name}")
    count = len(pair.after)
    first, second = pair.compare().notes
    assert f"{count} names differ from the base's by '_orig_mod.' (torch.compile)" in first
    assert f"{count} names differ from the base's by 'module.' (data parallelism" in second
    text = examine(pair.trained, pair.base, deep=True).text()
    for note in (first, second, "No faults found."):
        assert note in text


@pytest.mark.parametrize("spell", [multimodal, multimodal_now])
@pytest.mark.parametrize("side", ["base", "trained"])
def test_a_language_model_in_a_multimodal_one_on_either_side(
    pair: Pair, spell: Callable[[str], str], side: str
) -> None:
    pair.rename(spell, side)
    found = pair.compare()
    assert found.faults == ()
    assert len(found.require()) == 14
    after = {spell(name): tensor for name, tensor in pair.after.items()}
    pair.holds(after if side == "base" else pair.after)


def test_plain_names_are_left_alone(pair: Pair) -> None:
    assert pair.compare().notes == ()
    assert pair.weights.as_stored
    assert pair.weights.digest == WeightFiles(pair.trained).digest
    pair.holds(pair.after)


def test_two_names_of_one_tensor_are_a_fault(pair: Pair) -> None:
    pair.change(lambda tensors: tensors | {f"module.{UP}": tensors[UP] + 1})
    (fault,) = pair.compare().faults
    assert f"tensor 'module.{UP}' is not in the base" in fault
    assert torch.equal(pair.weights.tensor(UP), pair.after[UP])


def test_names_that_no_rule_explains_are_one_fault(pair: Pair) -> None:
    pair.rename(lambda name: f"strange.{name}")
    (fault,) = pair.compare().faults
    assert f"none of its {len(pair.after)} tensors is one of the base {pair.base}" in fault


def test_a_base_under_a_wrapper_is_a_fault(pair: Pair) -> None:
    for side in ("base", "trained"):
        pair.rename(lambda name: f"_orig_mod.{name}", side)
    (fault,) = pair.compare().faults
    assert fault.startswith(
        f"{pair.base}: {len(pair.after)} of {len(pair.after)} names stand under"
    )


def test_an_adapter_that_was_not_merged_is_one_fault(pair: Pair) -> None:
    stem = UP.removesuffix(".weight")

    def wrap(tensors: Tensors) -> Tensors:
        tensors[f"{stem}.base_layer.weight"] = tensors.pop(UP)
        halves = {"A": torch.ones(2, 32), "B": torch.ones(48, 2)}
        return tensors | {f"{stem}.lora_{side}.default.weight": of for side, of in halves.items()}

    pair.change(wrap)
    (fault,) = pair.compare().faults
    assert "2 tensors of a LoRA adapter beside the weights" in fault


@pytest.mark.parametrize("side", ["base", "trained"])
def test_tensors_that_zero_3_left_empty_are_one_fault(pair: Pair, side: str) -> None:
    pair.change(lambda tensors: dict.fromkeys(tensors, torch.empty(0)), side)
    (fault,) = pair.compare().faults
    count = len(pair.after)
    assert f"{count} of {count} tensors are empty" in fault
    assert "stage3_gather_16bit_weights_on_model_save" in fault
    assert str(getattr(pair, side)) in fault
    assert sum("ZeRO-3" in line for line in examine(pair.trained, pair.base).faults) == 1


# ---- parts that one side has alone ----


@pytest.mark.parametrize("name", ["v_head.summary.weight", "score.weight", "value_head.0.bias"])
def test_a_value_head_is_left_out(pair: Pair, name: str) -> None:
    pair.change(lambda tensors: tensors | {name: torch.ones(1, 32)})
    found = pair.compare()
    assert found.faults == ()
    assert f"1 tensors of the value head are left out, as '{name}'" in found.notes[0]
    pair.holds(pair.after)


def test_a_value_head_of_the_base_is_missed(pair: Pair) -> None:
    pair.change(lambda tensors: tensors | {"score.weight": torch.ones(1, 32)}, "base")
    (fault,) = pair.compare().faults
    assert "there is no tensor 'score.weight'" in fault


ONLY_BASE = {
    "Qwen": ["mtp.layers.0.self_attn.q_proj.weight", "mtp.norm.weight"],
    "DeepSeek": ["model.layers.2.eh_proj.weight", "model.layers.2.mlp.up_proj.weight"],
    "MiMo": ["model.mtp_layers.0.mlp.up_proj.weight"],
    "Qwen-VL": ["visual.blocks.0.mlp.up_proj.weight"],
    "LLaVA": ["vision_tower.layers.0.mlp.fc1.weight", "multi_modal_projector.linear.weight"],
}


@pytest.mark.parametrize("kind", ONLY_BASE)
def test_parts_that_only_the_base_has_are_its_own(pair: Pair, kind: str) -> None:
    part = {name: torch.randn(32, 32) for name in ONLY_BASE[kind]}
    pair.change(lambda tensors: tensors | part, "base")
    found = pair.compare()
    # No update is taken of them.
    assert found.require() == tuple(name for name in pair.compare().modules if name not in part)
    assert len(found.modules) == 14
    (note,) = found.notes
    total = sum(tensor.numel() for tensor in (pair.before | part).values())
    share = sum(tensor.numel() for tensor in part.values()) / total
    assert f"{len(part)} tensors of " in note
    assert f"only in the base, {share:.1%} of its parameters" in note
    pair.holds(pair.after | part)


@pytest.mark.parametrize("kind", ONLY_BASE)
def test_parts_that_only_the_checkpoint_has_are_left_out(pair: Pair, kind: str) -> None:
    part = {name: torch.randn(32, 32) for name in ONLY_BASE[kind]}
    pair.change(lambda tensors: tensors | part)
    found = pair.compare()
    assert found.faults == ()
    assert f"{len(part)} tensors of " in found.notes[0]
    assert "are left out" in found.notes[0]
    pair.holds(pair.after)


def test_half_of_such_a_part_is_a_fault(pair: Pair) -> None:
    pair.change(lambda tensors: tensors | {"mtp.a.weight": torch.ones(2, 2)})
    both = {"mtp.a.weight": torch.ones(2, 2), "mtp.b.weight": torch.ones(2, 2)}
    pair.change(lambda tensors: tensors | both, "base")
    (fault,) = pair.compare().faults
    assert "there is no tensor 'mtp.b.weight'" in fault


def test_a_merged_folder_has_the_parts_of_the_base(pair: Pair, tmp_path: Path) -> None:
    part = {"mtp.layers.0.mlp.up_proj.weight": torch.randn(32, 32)}
    pair.change(lambda tensors: tensors | part, "base")
    source = UpdateSource(open_run(pair.trained, pair.base))
    with pytest.warns(match="multi-token prediction are only in the base"):
        extract(source, rank(1), tmp_path / "out", form="merged", anchor="checkpoint")
    written = load_file(tmp_path / "out" / "model.safetensors")
    assert written.keys() == pair.before.keys() | part.keys()
    for name, tensor in part.items():
        assert torch.equal(written[name], tensor)


# ---- vocabularies ----


def padded(tokens: int) -> Callable[[Tensors], Tensors]:
    def change(tensors: Tensors) -> Tensors:
        for name in (EMBED, HEAD):
            more = torch.randn(max(0, tokens - len(tensors[name])), 32)
            tensors[name] = torch.cat([tensors[name], more])[:tokens]
        return tensors

    return change


@pytest.mark.parametrize("embeddings", [False, True])
def test_a_padded_vocabulary_is_cropped_everywhere(
    pair: Pair, tmp_path: Path, embeddings: bool
) -> None:
    pair.change(padded(64))
    found = pair.compare(embeddings=embeddings)
    assert (found.faults, found.doubts) == ((), ())
    for name, note in zip((HEAD, EMBED), found.notes, strict=True):
        assert f"'{name}' has 64 tokens, the base has 50: its last 14 rows are left out" in note
    pair.holds(pair.after)
    diagnosis = examine(pair.trained, pair.base, deep=True)
    assert diagnosis.faults == []
    assert [row["vocabulary"] for row in diagnosis.table] == ["50", "64"]
    source = UpdateSource(open_run(pair.trained, pair.base), embeddings=embeddings)
    with pytest.warns(match="rows are left out"):
        extract(source, rank(1), tmp_path / "out", form="merged", anchor="checkpoint")
    assert load_file(tmp_path / "out" / "model.safetensors")[EMBED].shape == (50, 32)
    model = AutoModelForCausalLM.from_pretrained(pair.base)
    with PatchedModel(model, source).use_variant(Variant("full")) as patched:
        for name, tensor in patched.state_dict().items():
            assert torch.equal(tensor, pair.after[name])


def test_a_vocabulary_that_was_cut_is_filled_up_with_the_bases_rows(pair: Pair) -> None:
    pair.change(padded(40))
    found = pair.compare()
    assert (found.faults, found.doubts) == ((), ())
    assert "has 40 tokens, the base has 50: the base's own 10 rows stand behind" in found.notes[0]
    whole = {
        name: torch.cat([pair.after[name][:40], pair.before[name][40:]]) for name in (EMBED, HEAD)
    }
    pair.holds(pair.after | whole)
    weights = pair.weights
    for rows in (slice(0, 7), slice(38, 43), slice(45, 50), slice(None)):
        assert torch.equal(weights.rows(EMBED, rows), whole[EMBED][rows])


TOKENIZERS = {
    "tokenizer.json": {
        "model": {"vocab": {"a": 0}},
        "added_tokens": [{"id": 49, "content": "<s>"}, {"id": 51, "content": "<think>"}],
    },
    "vocab.json": {"a": 3, "<think>": 51},
    "added_tokens.json": {"<think>": 51},
    "tokenizer_config.json": {"added_tokens_decoder": {"51": {"content": "<think>"}}},
}


@pytest.mark.parametrize("file", TOKENIZERS)
def test_a_token_of_the_checkpoint_that_is_cropped_is_a_doubt(pair: Pair, file: str) -> None:
    pair.change(padded(64))
    (pair.trained / file).write_text(json.dumps(TOKENIZERS[file]))
    (doubt,) = pair.compare().doubts
    for part in (f"{pair.trained}: ", "1 tokens", "'<think>' (51)", str(pair.base)):
        assert part in doubt
    assert doubt in examine(pair.trained, pair.base).faults
    source = UpdateSource(open_run(pair.trained, pair.base))
    with pytest.warns(AlphaRLBenchWarning) as caught:
        assert source.factors(None).modules
    assert doubt in [str(warning.message) for warning in caught]


@pytest.mark.parametrize("content", ["{", "[]", '{"model": 3}', '{"added_tokens": 3}', "\udcff"])
def test_a_damaged_tokenizer_tells_nothing(pair: Pair, content: str) -> None:
    pair.change(padded(64))
    path = pair.trained / "tokenizer.json"
    path.write_text(content, errors="surrogateescape")
    assert pair.compare().doubts == ()


# ---- where it comes from ----


def test_a_model_that_was_trained_apart_is_not_of_this_base(pair: Pair) -> None:
    torch.manual_seed(3)
    pair.change(lambda tensors: {name: torch.randn_like(of) for name, of in tensors.items()})
    pair.change(
        lambda tensors: {name: torch.randn_like(of) for name, of in tensors.items()}, "base"
    )
    assert examine(pair.trained, pair.base).faults == []
    (fault,) = examine(pair.trained, pair.base, deep=True).faults
    assert f"{pair.trained}: its weights have nothing in common with those of" in fault
    source = UpdateSource(open_run(pair.trained, pair.base))
    with pytest.warns(match="nothing in common"):
        assert source.factors(None).modules


@pytest.mark.parametrize("scale", [1e-3, 1.0, 3.0, 100.0])
def test_an_update_of_any_size_leaves_something_in_common(pair: Pair, scale: float) -> None:
    def train(tensors: Tensors) -> Tensors:
        return {name: of + scale * of.std() * torch.randn_like(of) for name, of in tensors.items()}

    pair.change(train)
    base = WeightFiles(pair.base)
    assert unrelated(base, pair.weights, module_names(base)) == []
