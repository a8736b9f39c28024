"""Whether a checkpoint belongs to a base: real models, changed in one way each."""

import copy
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from alpharl_bench.checkpoints import Comparison, WeightFiles, compare, module_names, open_weights
from alpharl_bench.errors import AlphaRLBenchError
from tests.models import ARCHITECTURES, model_of

SHAPE = {
    "vocab_size": 20,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
}
EXPERTS = {"num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 12}
UP = "model.layers.0.mlp.up_proj.weight"
NORM = "model.norm.weight"
EMBED, HEAD = "model.embed_tokens.weight", "lm_head.weight"
STACK = "model.layers.0.mlp.experts.down_proj"
DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}

BUILD = {
    name: partial(model_of, name, **SHAPE, **(EXPERTS if name == "qwen3-moe" else {}))
    for name in ARCHITECTURES
}
BUILD["qwen3"] = partial(BUILD["qwen3"], tie_word_embeddings=True)


class Pair:
    """A base and a checkpoint on disk, alike until one of them is changed."""

    def __init__(self, folder: Path, model: PreTrainedModel, **options: object) -> None:
        self.base, self.trained = folder / "base", folder / "checkpoint-7"
        for side in (self.base, self.trained):
            model.save_pretrained(side, **options)

    def change(self, folder: Path, change: Callable[[dict], object]) -> None:
        path = folder / "model.safetensors"
        tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
        change(tensors)
        save_file(tensors, path)

    def configure(self, folder: Path, **keys: object) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | keys))

    def compare(self, *, embeddings: bool = False) -> Comparison:
        base, trained = WeightFiles(self.base), WeightFiles(self.trained)
        return compare(base, trained, embeddings=embeddings)

    def fault(self, *, embeddings: bool = False) -> str:
        """The one fault."""
        found = self.compare(embeddings=embeddings)
        assert len(found.faults) == 1, found.faults
        with pytest.raises(AlphaRLBenchError) as caught:
            found.require()
        assert str(caught.value) == found.faults[0]
        assert "\n" not in found.faults[0]
        return found.faults[0]

    def note(self, *, embeddings: bool = False) -> str:
        """The one note; there are no faults, and every module can be read."""
        found = self.compare(embeddings=embeddings)
        assert found.faults == ()
        base, trained = WeightFiles(self.base), WeightFiles(self.trained)
        for name in found.require():
            trained.delta(base, name)
        assert len(found.notes) == 1, found.notes
        assert "\n" not in found.notes[0]
        return found.notes[0]


@pytest.fixture(params=BUILD)
def each(tmp_path: Path, request: pytest.FixtureRequest) -> Pair:
    return Pair(tmp_path, BUILD[request.param]())


@pytest.fixture
def tied(tmp_path: Path) -> Pair:
    return Pair(tmp_path, BUILD["qwen3"]())


@pytest.fixture
def untied(tmp_path: Path) -> Pair:
    return Pair(tmp_path, BUILD["llama"]())


@pytest.fixture
def stacked(tmp_path: Path) -> Pair:
    return Pair(tmp_path, BUILD["qwen3-moe"](), save_original_format=False)


@pytest.mark.parametrize("embeddings", [False, True])
def test_a_checkpoint_that_fits_its_base(each: Pair, embeddings: bool) -> None:
    found = each.compare(embeddings=embeddings)
    assert (found.notes, found.faults) == ((), ())
    modules = module_names(WeightFiles(each.base), embeddings=embeddings)
    assert found.require() == found.modules == tuple(modules)


def test_the_modules_are_the_linear_layers_of_the_real_model(tmp_path: Path) -> None:
    model = BUILD["glm4"]()
    linear = sorted(
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and (".self_attn." in name or ".mlp." in name)
    )
    pair = Pair(tmp_path, model)
    assert list(pair.compare().modules) == linear
    assert sorted({*pair.compare(embeddings=True).modules} - {*linear}) == [HEAD, EMBED]


def test_shards_on_one_side_alone_make_no_difference(each: Pair, tmp_path: Path) -> None:
    model = load_file(each.trained / "model.safetensors")
    (each.trained / "model.safetensors").unlink()
    weight_map = {}
    for number, name in enumerate(sorted(model)):
        file = f"model-{number % 3}.safetensors"
        weight_map[name] = file
    for file in set(weight_map.values()):
        part = {name: model[name] for name, at in weight_map.items() if at == file}
        save_file(part, each.trained / file)
    index = each.trained / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    assert each.compare().require() == tuple(module_names(WeightFiles(each.base)))
    assert each.compare().notes == ()


@pytest.mark.parametrize("name", [UP, NORM, EMBED])
def test_a_missing_key(tied: Pair, name: str) -> None:
    tied.change(tied.trained, lambda tensors: tensors.pop(name))
    message = tied.fault()
    for part in (f"{tied.trained}: ", f"'{name}'", str(tied.base)):
        assert part in message


@pytest.mark.parametrize("name", ["v_head.summary.weight", "model.layers.2.mlp.up_proj.weight"])
def test_an_extra_key(tied: Pair, name: str) -> None:
    tied.change(tied.trained, lambda tensors: tensors.update({name: torch.ones(1, 16)}))
    message = tied.fault()
    for part in (f"{tied.trained / 'model.safetensors'}: ", f"'{name}'", str(tied.base)):
        assert part in message


@pytest.mark.parametrize(
    ("name", "shape"), [(UP, (25, 16)), (UP, (1, 16)), (NORM, (1,)), (EMBED, (20, 17))], ids=str
)
def test_another_shape(tied: Pair, name: str, shape: tuple[int, ...]) -> None:
    before = tuple(load_file(tied.base / "model.safetensors")[name].shape)
    tied.change(tied.trained, lambda tensors: tensors.update({name: torch.ones(shape)}))
    message = tied.fault()
    file = tied.trained / "model.safetensors"
    for part in (f"{file}: ", f"'{name}'", str(shape), str(before), str(tied.base)):
        assert part in message


@pytest.mark.parametrize("experts", [2, 4])
def test_another_number_of_experts(stacked: Pair, experts: int) -> None:
    stacked.change(
        stacked.trained, lambda tensors: tensors.update({STACK: torch.ones(experts, 16, 12)})
    )
    message = stacked.fault()
    for part in (f"'{STACK}'", f"({experts}, 16, 12)", "(3, 16, 12)"):
        assert part in message


def test_one_expert_that_is_missing(tmp_path: Path) -> None:
    pair = Pair(tmp_path, BUILD["qwen3-moe"]())
    name = "model.layers.1.mlp.experts.2.up_proj.weight"
    pair.change(pair.trained, lambda tensors: tensors.pop(name))
    assert f"'{name}'" in pair.fault()


def test_only_the_first_faults_are_spelt_out_in_the_error(tied: Pair) -> None:
    tied.change(tied.trained, lambda tensors: [tensors.pop(name) for name in sorted(tensors)[:7]])
    found = tied.compare()
    names = sorted(load_file(tied.base / "model.safetensors"))[:7]
    for name, fault in zip(names, found.faults, strict=True):
        assert f"'{name}'" in fault
    with pytest.raises(AlphaRLBenchError) as caught:
        found.require()
    for number, fault in enumerate(found.faults):
        assert (fault in str(caught.value)) is (number < 3)
    assert str(caught.value).endswith("and 4 more")


def test_a_model_without_layers(tmp_path: Path) -> None:
    pair = Pair(tmp_path, BUILD["qwen3"]())
    for side in (pair.base, pair.trained):
        save_file({"conv.weight": torch.ones(2, 2)}, side / "model.safetensors")
    assert "no weight matrix of this model is inside a numbered layer" in pair.fault()
    assert str(pair.base) in pair.fault()


# ---- fused against split ----


def split_gate_up(tensors: dict[str, torch.Tensor]) -> None:
    """As Llama would save the same matrices."""
    for name in [name for name in tensors if "gate_up_proj" in name]:
        gate, up = tensors.pop(name).chunk(2)
        tensors[name.replace("gate_up", "gate")] = gate.contiguous()
        tensors[name.replace("gate_up", "up")] = up.contiguous()


@pytest.mark.parametrize("side", ["base", "trained"])
def test_a_fused_matrix_against_its_halves(tmp_path: Path, side: str) -> None:
    pair = Pair(tmp_path, BUILD["glm4"]())
    pair.change(getattr(pair, side), split_gate_up)
    faults = pair.compare().faults
    assert len(faults) == 6  # three names in each of two layers
    for name in ("gate_up_proj", "gate_proj", "up_proj"):
        named = [fault for fault in faults if f"'model.layers.0.mlp.{name}.weight'" in fault]
        assert len(named) == 1
        assert str(pair.trained) in named[0]
        assert str(pair.base) in named[0]


def test_a_stack_of_experts_against_one_matrix_each(tmp_path: Path) -> None:
    model = BUILD["qwen3-moe"]()
    pair = Pair(tmp_path, model, save_original_format=False)
    model.save_pretrained(pair.trained)
    with pytest.raises(AlphaRLBenchError, match="saved in the same format") as caught:
        pair.compare().require()
    assert f"'{STACK}'" in str(caught.value)


# ---- vocabulary ----


def grow(tensors: dict[str, torch.Tensor]) -> None:
    for name in (EMBED, HEAD):
        if name in tensors:
            tensors[name] = torch.cat([tensors[name], torch.ones(4, 16)])


def test_another_vocabulary_leaves_the_other_modules(untied: Pair) -> None:
    untied.change(untied.trained, grow)
    found = untied.compare()
    assert found.faults == ()
    assert found.modules == tuple(module_names(WeightFiles(untied.base)))
    assert len(found.notes) == 2
    for name, note in zip((HEAD, EMBED), found.notes, strict=True):
        assert note.startswith(f"{untied.trained / 'model.safetensors'}: '{name}'")
        assert "24" in note
        assert "20" in note


def test_another_vocabulary_is_a_fault_where_the_embeddings_are_modules(untied: Pair) -> None:
    untied.change(untied.trained, grow)
    found = untied.compare(embeddings=True)
    assert found.notes == ()
    assert len(found.faults) == 2
    for name, fault in zip((HEAD, EMBED), found.faults, strict=True):
        assert fault.startswith(f"{untied.trained / 'model.safetensors'}: ")
        for part in (f"'{name}'", "(24, 16)", "(20, 16)"):
            assert part in fault


# ---- a tied output head, stored or not ----


def with_head(tensors: dict[str, torch.Tensor]) -> None:
    tensors[HEAD] = tensors[EMBED].clone()


@pytest.mark.parametrize("embeddings", [False, True])
def test_a_tied_head_that_only_the_checkpoint_stores(tied: Pair, embeddings: bool) -> None:
    tied.change(tied.trained, with_head)
    note = tied.note(embeddings=embeddings)
    assert f"{tied.trained / 'model.safetensors'}: '{HEAD}'" in note
    assert HEAD not in tied.compare(embeddings=True).modules


@pytest.mark.parametrize("embeddings", [False, True])
def test_a_tied_head_that_only_the_base_stores(tied: Pair, embeddings: bool) -> None:
    tied.change(tied.base, with_head)
    note = tied.note(embeddings=embeddings)
    assert f"{tied.trained}: '{HEAD}'" in note
    assert HEAD not in tied.compare(embeddings=True).modules


def test_a_tied_head_that_both_store(tied: Pair) -> None:
    for side in (tied.base, tied.trained):
        tied.change(side, with_head)
    for embeddings in (False, True):
        found = tied.compare(embeddings=embeddings)
        assert (found.notes, found.faults) == ((), ())
        assert HEAD not in found.modules


def test_an_untied_head_that_the_checkpoint_lacks(untied: Pair) -> None:
    untied.change(untied.trained, lambda tensors: tensors.pop(HEAD))
    message = untied.fault()
    assert f"{untied.trained}: " in message
    assert f"'{HEAD}'" in message


def test_a_checkpoint_that_tied_the_head_of_an_untied_base(untied: Pair) -> None:
    untied.change(untied.trained, lambda tensors: tensors.pop(HEAD))
    untied.configure(untied.trained, tie_word_embeddings=True)
    assert f"{untied.trained}: '{HEAD}'" in untied.note()
    # As a module it would have an update, and there is nothing to take it from.
    assert f"'{HEAD}'" in untied.fault(embeddings=True)


def test_an_extra_head_of_an_untied_base_is_a_fault(untied: Pair) -> None:
    untied.change(untied.base, lambda tensors: tensors.pop(HEAD))
    assert f"'{HEAD}'" in untied.fault()


# ---- buffers ----

BUFFERS = [
    "model.layers.0.self_attn.rotary_emb.inv_freq",
    "transformer.h.0.attn.bias",
    "transformer.h.0.attn.masked_bias",
    "gpt_neox.layers.0.attention.bias",
]


@pytest.mark.parametrize("name", BUFFERS)
def test_a_buffer_that_only_the_checkpoint_stores(tied: Pair, name: str) -> None:
    tied.change(tied.trained, lambda tensors: tensors.update({name: torch.ones(4)}))
    assert f"{tied.trained / 'model.safetensors'}: '{name}'" in tied.note()


@pytest.mark.parametrize("name", BUFFERS)
def test_a_buffer_that_only_the_base_stores(tied: Pair, name: str) -> None:
    tied.change(tied.base, lambda tensors: tensors.update({name: torch.ones(4)}))
    note = tied.note()
    assert f"'{name}'" in note
    assert str(tied.trained) in note


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool])
def test_a_mask_that_both_store_is_no_quantized_weight(tied: Pair, dtype: torch.dtype) -> None:
    mask = {"gpt_neox.layers.0.attention.bias": torch.ones(1, 1, 4, 4, dtype=dtype)}
    for side in (tied.base, tied.trained):
        tied.change(side, lambda tensors: tensors.update(mask))
    assert (tied.compare().notes, tied.compare().faults) == ((), ())


# ---- dtypes ----


def cast(dtype: torch.dtype, *names: str) -> Callable[[dict], None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        for name in names or tuple(tensors):
            tensors[name] = tensors[name].to(dtype)

    return change


@pytest.mark.parametrize("before", DTYPES)
@pytest.mark.parametrize("after", DTYPES)
def test_a_checkpoint_of_another_dtype_than_the_base(tied: Pair, before: str, after: str) -> None:
    tied.change(tied.base, cast(DTYPES[before]))
    tied.change(tied.trained, cast(DTYPES[after]))
    if before == after:
        assert tied.compare().notes == ()
    else:
        note = tied.note()
        for part in (str(tied.trained), "'model.layers.0.mlp.down_proj.weight'", before, after):
            assert part in note
        # Seven matrices in each of two layers; the first is named.
        assert "13 more" in note


@pytest.mark.parametrize("side", ["base", "trained"])
def test_modules_of_several_dtypes(tied: Pair, side: str) -> None:
    tied.change(getattr(tied, side), cast(torch.bfloat16, UP))
    found = tied.compare()
    assert found.faults == ()
    # One is of the side alone, the other of the two together.
    mixed, recast = found.notes
    assert mixed.startswith(f"{getattr(tied, side)}: ")
    assert recast.startswith(f"{tied.trained / 'model.safetensors'}: ")
    for note in found.notes:
        for part in (f"'{UP}'", "bfloat16", "float32"):
            assert part in note


def test_a_stack_of_experts_of_another_dtype_than_the_base(stacked: Pair) -> None:
    stacked.change(stacked.trained, cast(torch.bfloat16))
    note = stacked.note()
    assert note.startswith(f"{stacked.trained / 'model.safetensors'}: '{STACK}' is bfloat16")
    stacked.change(stacked.trained, cast(torch.float32))
    stacked.change(stacked.trained, cast(torch.bfloat16, STACK))
    assert all(f"'{STACK}'" in note for note in stacked.compare().notes)
    assert len(stacked.compare().notes) == 2


def test_norms_of_another_dtype_are_nothing_to_tell(tied: Pair) -> None:
    for side in (tied.base, tied.trained):
        tied.change(side, cast(torch.bfloat16))
    tied.change(tied.trained, cast(torch.float32, NORM))
    assert tied.compare() == Comparison(tied.compare().modules, (), ())


def test_the_quantized_weights_are_counted(tied: Pair) -> None:
    other = UP.replace("up", "gate")
    tied.change(tied.trained, cast(torch.uint8, UP, other))
    assert f"'{other}' and 1 more" in tied.fault()


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int8, torch.int32, torch.float8_e4m3fn, torch.float8_e5m2], ids=str
)
@pytest.mark.parametrize("side", ["base", "trained"])
def test_quantized_weights_are_refused(tied: Pair, side: str, dtype: torch.dtype) -> None:
    folder = getattr(tied, side)
    tied.change(folder, cast(dtype, UP))
    message = tied.fault()
    for part in (f"{folder / 'model.safetensors'}: ", f"'{UP}'", str(dtype).split(".")[1]):
        assert part in message


def test_an_adapter_merges_in_float32_and_that_is_nothing_to_tell(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = BUILD["qwen3"]().bfloat16()
    pair = Pair(tmp_path, model)
    adapted = get_peft_model(copy.deepcopy(model), LoraConfig(r=2, target_modules=["up_proj"]))
    adapted.save_pretrained(tmp_path / "adapter")
    base = WeightFiles(pair.base)
    found = compare(base, open_weights(tmp_path / "adapter", base))
    # The update is s·BA itself: no dtype of the base has rounded it.
    assert found == Comparison(tuple(module_names(base)), (), ())


def test_an_adapter_of_a_base_of_several_dtypes(tmp_path: Path) -> None:
    model = BUILD["qwen3"]()
    pair = Pair(tmp_path, model)
    adapted = get_peft_model(model, LoraConfig(r=2, target_modules=["up_proj"]))
    adapted.save_pretrained(tmp_path / "adapter")
    pair.change(pair.base, cast(torch.bfloat16, UP))
    base = WeightFiles(pair.base)
    (note,) = compare(base, open_weights(tmp_path / "adapter", base)).notes
    for part in (f"{pair.base}: ", f"'{UP}' is bfloat16", "is float32"):
        assert part in note


# ---- files ----


def test_values_are_not_read(tied: Pair) -> None:
    tied.change(tied.trained, lambda tensors: tensors[UP].fill_(torch.nan))
    assert tied.compare().faults == ()
    with pytest.raises(AlphaRLBenchError, match=UP):
        WeightFiles(tied.trained).tensor(UP)


@pytest.mark.parametrize("side", ["base", "trained"])
def test_a_side_that_cannot_be_opened(tied: Pair, side: str) -> None:
    path = getattr(tied, side) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AlphaRLBenchError) as caught:
        tied.compare()
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(
    "options", [{"target_modules": ["embed_tokens"]}, {"modules_to_save": ["embed_tokens"]}]
)
def test_embeddings_trained_by_an_adapter_under_a_tied_head_are_noted(
    tmp_path: Path, tied: bool, options: dict[str, list[str]]
) -> None:
    torch.manual_seed(0)
    base = model_of("qwen3", **SHAPE, tie_word_embeddings=tied)
    base.save_pretrained(tmp_path / "base")
    head = base.lm_head.weight.detach().clone()
    options = {"target_modules": ["q_proj"]} | options
    adapted = get_peft_model(base, LoraConfig(r=2, init_lora_weights=False, **options))
    for name, parameter in adapted.named_parameters():
        if "modules_to_save" in name:
            parameter.data += 0.1
    # peft leaves the head where it was, tied or not.
    assert torch.equal(adapted.base_model.model.lm_head.weight, head)
    adapted.save_pretrained(tmp_path / "adapter")
    start = WeightFiles(tmp_path / "base")
    found = compare(start, open_weights(tmp_path / "adapter", start))
    assert found.faults == ()
    noted = [note for note in found.notes if "ties its output head" in note]
    assert len(noted) == tied
    for note in noted:
        assert str(tmp_path / "adapter" / "adapter_model.safetensors") in note
        assert EMBED in note
