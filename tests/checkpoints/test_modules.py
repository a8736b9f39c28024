"""Which tensors are the paper's modules, against the modules of real models in memory."""

import json
import re
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from alpharl_bench.checkpoints import (
    WeightFiles,
    is_expert,
    is_head,
    is_vocabulary,
    module_names,
    tied_embeddings,
)
from alpharl_bench.checkpoints.modules import exclusion, matrices
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.digests import shipped_base
from tests.models import DENSE, model_of

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
# Every bias that an architecture can have.
BIASES = {
    "qwen2": {},
    "qwen3": {"attention_bias": True},
    "llama": {"attention_bias": True, "mlp_bias": True},
    "glm4": {"attention_bias": True},
}
EMBED, HEAD = "model.embed_tokens.weight", "lm_head.weight"


@pytest.fixture(params=DENSE)
def dense(request: pytest.FixtureRequest) -> PreTrainedModel:
    return model_of(request.param, **SHAPE, **BIASES[request.param])


@pytest.fixture
def mixture() -> PreTrainedModel:
    return model_of("qwen3-moe", **SHAPE, **EXPERTS, mlp_only_layers=[1])


def linear(model: PreTrainedModel) -> list[str]:
    """The weights of all linear layers but the head."""
    return sorted(
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name != "lm_head"
    )


def saved(folder: Path, model: PreTrainedModel, **options: object) -> WeightFiles:
    model.save_pretrained(folder, **options)
    return WeightFiles(folder)


def hand_made(folder: Path, config: str | None, *names: str) -> WeightFiles:
    folder.mkdir(exist_ok=True)
    save_file({name: torch.ones(2, 2) for name in names}, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(config)
    return WeightFiles(folder)


@pytest.mark.parametrize("shards", ["50GB", "3KB"], ids=["single file", "sharded"])
def test_the_modules_are_the_linear_layers_of_attention_and_mlp(
    dense: PreTrainedModel, tmp_path: Path, shards: str
) -> None:
    found = module_names(saved(tmp_path, dense, max_shard_size=shards))
    assert found == linear(dense)
    assert all(".self_attn." in name or ".mlp." in name for name in found)
    assert len(found) == 2 * (6 if "Glm4" in type(dense).__name__ else 7)


def test_every_expert_of_a_mixture_is_a_module_and_so_is_the_router(
    mixture: PreTrainedModel, tmp_path: Path
) -> None:
    experts = [
        f"model.layers.0.mlp.experts.{expert}.{projection}_proj.weight"
        for expert in range(3)
        for projection in ("gate", "up", "down")
    ]
    # The second layer is dense: `mlp_only_layers`.
    router = "model.layers.0.mlp.gate.weight"
    found = module_names(saved(tmp_path, mixture))
    assert found == sorted([*linear(mixture), *experts, router])
    assert sorted(filter(is_expert, found)) == sorted(experts)


def test_every_matrix_of_a_stack_of_experts_is_a_module(
    mixture: PreTrainedModel, tmp_path: Path
) -> None:
    weights = saved(tmp_path, mixture, save_original_format=False)
    stacks = {
        name: parameter for name, parameter in mixture.named_parameters() if parameter.ndim == 3
    }
    assert len(stacks) == 2
    matrices = {f"{name}[{i}]": stack[i].data for name, stack in stacks.items() for i in range(3)}
    found = module_names(weights)
    assert found == sorted([*linear(mixture), *matrices, "model.layers.0.mlp.gate.weight"])
    assert sorted(filter(is_expert, found)) == sorted(matrices)
    for name, matrix in matrices.items():
        assert torch.equal(weights.tensor(name), matrix)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", DENSE)
def test_embeddings_are_modules_where_they_are_asked_for(
    tmp_path: Path, kind: str, tied: bool
) -> None:
    model = model_of(kind, **SHAPE, **BIASES[kind], tie_word_embeddings=tied)
    weights = saved(tmp_path, model)
    more = set(module_names(weights, embeddings=True)) - set(module_names(weights))
    # A tied head has no update of its own.
    assert more == ({EMBED} if tied else {EMBED, HEAD})
    assert tied_embeddings(weights) is tied
    assert sorted(more) == sorted(filter(is_vocabulary, weights.names))


def test_a_tied_head_that_is_stored_all_the_same_is_no_module(tmp_path: Path) -> None:
    weights = hand_made(tmp_path, '{"tie_word_embeddings": true}', EMBED, HEAD)
    assert module_names(weights, embeddings=True) == [EMBED]


@pytest.mark.parametrize("config", [None, "{", "{}", "[]", "\x00"])
@pytest.mark.parametrize("names", [(EMBED,), (EMBED, HEAD)], ids=["no head", "a head"])
def test_without_a_word_in_the_config_the_head_is_tied_if_it_is_not_stored(
    tmp_path: Path, config: str | None, names: tuple[str, ...]
) -> None:
    weights = hand_made(tmp_path, config, *names)
    assert tied_embeddings(weights) is (HEAD not in names)
    assert module_names(weights, embeddings=True) == sorted(names)


def test_a_config_that_is_not_utf_8_is_as_good_as_none(tmp_path: Path) -> None:
    weights = hand_made(tmp_path, None, EMBED)
    (tmp_path / "config.json").write_bytes(b'{"tie_word_embeddings": "\xff"}')
    assert tied_embeddings(weights)


@pytest.mark.parametrize("tied", [True, False])
def test_the_config_speaks_before_the_names(tmp_path: Path, tied: bool) -> None:
    config = json.dumps({"tie_word_embeddings": tied})
    for names in ((EMBED,), (EMBED, HEAD)):
        assert tied_embeddings(hand_made(tmp_path, config, *names)) is tied


@pytest.mark.parametrize(
    ("name", "vocabulary", "head"),
    [
        ("model.embed_tokens.weight", True, False),
        ("embed_tokens.weight", True, False),
        ("model.language_model.embed_tokens.weight", True, False),
        ("lm_head.weight", True, True),
        ("model.lm_head.weight", True, True),
        ("lm_head.bias", False, False),
        ("my_lm_head.weight", False, False),
        ("model.layers.0.mlp.up_proj.weight", False, False),
        ("model.norm.weight", False, False),
    ],
)
def test_the_tensors_with_a_row_per_token(name: str, vocabulary: bool, head: bool) -> None:
    assert is_vocabulary(name) is vocabulary
    assert is_head(name) is head


def test_a_model_without_layers_has_no_modules(tmp_path: Path) -> None:
    assert module_names(hand_made(tmp_path, None, "conv.weight", "projections.0.weight")) == []


@pytest.mark.parametrize(
    "name",
    [
        "h.0.attn.c_attn.weight",  # GPT-2 as it is on the Hub
        "model.layers.0.block_sparse_moe.experts.1.w1.weight",
        "model.layers.0.feed_forward.w1.weight",
        "backbone.layers.0.mixer.A_log",
        "gpt_neox.layers.0.attention.query_key_value.weight",
        "transformer.blocks.0.ffn.experts.mlp.w1",
        "model.layers.0.input_layernorm.W_down.weight",
        "layers.0.hc_attn_fn",
    ],
)
def test_a_matrix_in_a_layer_is_a_module_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    assert module_names(hand_made(tmp_path, None, name)) == [name]


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_a_table_of_integers_is_no_module(tmp_path: Path, dtype: torch.dtype) -> None:
    name = "model.layers.0.mlp.gate.tid2eid"
    save_file({name: torch.ones(2, 2, dtype=dtype)}, tmp_path / "model.safetensors")
    assert module_names(WeightFiles(tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [
        ("transformer.wte.weight", (9, 4), "token embeddings"),
        ("embed_out.weight", (9, 4), "output head"),
        ("transformer.wpe.weight", (9, 4), "matrices outside the layers"),
        ("model.altup_projections.0.weight", (4, 4), "matrices outside the layers"),
        ("model.layers.0.mlp.router.bias", (4,), "biases"),
        ("model.layers.0.rg_lru.input_gate_bias", (2, 4), "biases"),
        ("model.layers.0.self_attn.q_norm.weight", (2, 4), "norms"),
        ("transformer.h.0.ln_1.weight", (4,), "norms"),
        ("backbone.layers.0.mixer.D", (4,), "vectors"),
        ("rwkv.blocks.0.attention.time_mix_key", (1, 1, 4), "vectors"),
        ("backbone.layers.0.mixer.conv1d.weight", (8, 1, 4), "convolution kernels"),
        ("transformer.layer.0.rel_attn.q", (4, 2, 2), "tensors that are no stack of matrices"),
        ("visual.blocks.0.attn.qkv.weight", (8, 4), "encoders of images and sound"),
        ("model.vision_tower.layers.0.fc1.weight", (8, 4), "encoders of images and sound"),
        ("mtp.layers.0.self_attn.q_proj.weight", (8, 4), "multi-token prediction"),
    ],
)
def test_what_stays_at_the_base_has_a_kind(name: str, shape: tuple[int, ...], kind: str) -> None:
    found = exclusion(name, shape)
    assert found is not None
    assert kind in found
    assert matrices(name, shape) == []


PAPER = re.compile(
    r"model\.layers\.\d+\.(self_attn\.[qkvo]|mlp\.(gate|up|gate_up|down))_proj\.weight"
)


@pytest.mark.parametrize("name", load_registry().models)
def test_models_of_the_zoo_have_the_modules_of_the_paper_alone(name: str) -> None:
    folder = shipped_base(load_registry().model(name))
    if folder is None:
        pytest.skip("this base is made when it is first used")
    weights = WeightFiles(folder)
    found = module_names(weights)
    assert found == [stored for stored in weights.names if PAPER.fullmatch(stored)]
    assert found


@pytest.mark.parametrize("name", load_registry().architectures)
def test_models_of_the_paper_have_the_modules_of_the_paper_alone(name: str) -> None:
    entry = load_registry().architectures[name]
    model_class = getattr(transformers, entry.architecture)
    with torch.device("meta"):
        model = model_class(model_class.config_class(**entry.config))
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    found = [matrix for stored, shape in shapes.items() for matrix in matrices(stored, shape)]
    assert found == [stored for stored in shapes if PAPER.fullmatch(stored)]


def test_a_stack_is_its_matrices() -> None:
    names = {"model.layers.0.mlp.experts.w13_weight", "layers.1.rg_lru.input_gate_weight"}
    for name in names:
        assert matrices(name, (3, 4, 2)) == [f"{name}[{i}]" for i in range(3)]


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.mlp.experts.gate_up_proj_bias",  # of GPT-OSS: a row per expert
        "model.layers.0.self_attn.q_proj.weight_scale_inv",  # of quantized weights
        "model.layers.0.self_attn.q_proj.bias",
    ],
)
def test_a_matrix_beside_the_weights_is_no_module(tmp_path: Path, name: str) -> None:
    weights = hand_made(tmp_path, None, name, "model.layers.0.mlp.up_proj.weight")
    assert weights.shape(name) == (2, 2)
    assert module_names(weights) == ["model.layers.0.mlp.up_proj.weight"]
