"""Combinations of models of one run: values, names, identity, and each place that takes them."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from alpharl_bench.checkpoints import WeightFiles, open_run, open_weights
from alpharl_bench.checkpoints.blocks import row_blocks
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants.combined import CombinedWeights
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.merged import write_merged
from alpharl_bench.variants.patch import PatchedModel
from alpharl_bench.variants.whole import whole
from tests.models import ARCHITECTURES, model_of, trained_pair

UP = "model.layers.1.mlp.up_proj.weight"
NORM = "model.norm.weight"


def moved(folder, base, scale, seed):
    """Another checkpoint of a base: every tensor moved at random."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        name: tensor + scale * torch.randn(tensor.shape, generator=generator)
        for name, tensor in load_file(base / "model.safetensors").items()
    }
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def run(tmp_path):
    """Base and two checkpoints; their weights."""
    model_of("qwen3").save_pretrained(tmp_path / "base")
    for step in (1, 2):
        moved(tmp_path / f"checkpoint-{step}", tmp_path / "base", 0.01, step)
    return open_run(tmp_path, tmp_path / "base")


def opened(run):
    base = open_weights(run.base)
    return base, [open_weights(checkpoint.path, base) for checkpoint in run.checkpoints]


def test_every_tensor_is_the_sum(run):
    base, terms = opened(run)
    generator = torch.Generator().manual_seed(9)
    factors = LowRank(
        torch.randn(48, 2, generator=generator),
        torch.tensor([3.0, -2.0]),
        torch.randn(32, 2, generator=generator),
    )
    vector = torch.randn(32, generator=generator)

    def coefficients(name):
        return (1.0, 0.0) if "norm" in name else (-0.5, 2.0)

    model = CombinedWeights(base, terms, coefficients, {UP: factors}, {NORM: vector})
    before, one, two = (load_file(w.folder / "model.safetensors") for w in (base, *terms))
    assert model.names == sorted(before)
    for name in model.names:
        first, second = coefficients(name)
        expected = before[name].double()
        expected += first * (one[name].double() - before[name])
        expected += second * (two[name].double() - before[name])
        if name == UP:
            expected += 3 * torch.outer(factors.left[:, 0], factors.right[:, 0])
            expected -= 2 * torch.outer(factors.left[:, 1], factors.right[:, 1])
        if name == NORM:
            expected += vector
        torch.testing.assert_close(model.tensor(name).double(), expected, atol=1e-5, rtol=1e-6)
        assert model.tensor(name).dtype == model.dtype(name) == torch.float32
        part = slice(1, 5)
        torch.testing.assert_close(model.rows(name, part), model.tensor(name)[part])
        torch.testing.assert_close(model.delta(base, name, part), model.delta(base, name)[part])


def test_what_nothing_is_added_to_keeps_its_bits_and_dtype(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3", dtype=torch.bfloat16)
    weights = open_weights(base)
    terms = [open_weights(checkpoint)]
    model = CombinedWeights(weights, terms, lambda name: (float("norm" in name),))
    assert model.dtype(UP) == torch.bfloat16
    assert torch.equal(model.tensor(UP), weights.tensor(UP))
    assert model.dtype(NORM) == torch.float32
    assert torch.equal(model.tensor(NORM).bfloat16(), terms[0].tensor(NORM))


def test_no_more_than_a_part_of_a_tensor_is_summed_at_a_time(run, monkeypatch):
    base, terms = opened(run)
    model = CombinedWeights(base, terms, lambda _: (-0.5, 2.0))
    whole = {name: model.tensor(name) for name in model.names}
    monkeypatch.setattr("alpharl_bench.checkpoints.blocks._BLOCK", 64)
    monkeypatch.setattr(WeightFiles, "tensor", None)  # only rows are read of what has many
    for name in (UP, "model.embed_tokens.weight"):
        assert torch.equal(model.tensor(name), whole[name])


def test_a_difference_is_put_where_it_is_asked_for(run):
    base, terms = opened(run)
    model = CombinedWeights(base, terms, lambda _: (-0.5, 2.0))
    for weights in (terms[0], model):
        for rows in (None, slice(2, 7)):
            expected = weights.delta(base, UP, rows)
            out = torch.full_like(expected, torch.nan)
            assert weights.delta(base, UP, rows, out=out) is out
            assert torch.equal(out, expected)
    # What was read is not written to.
    before = load_file(terms[0].folder / "model.safetensors")[UP]
    assert torch.equal(terms[0].tensor(UP), before)


def test_small_differences_are_not_rounded_by_the_base(run):
    base, terms = opened(run)
    tiny = CombinedWeights(base, terms, lambda _: (1e-9, 0.0))
    delta = tiny.delta(base, UP)
    torch.testing.assert_close(delta, 1e-9 * terms[0].delta(base, UP))


@pytest.mark.parametrize("stacked", [True, False])
def test_the_experts_of_a_mixture(tmp_path, stacked):
    base, checkpoint = trained_pair(tmp_path, "qwen3-moe", save_original_format=not stacked)
    weights, trained = open_weights(base), open_weights(checkpoint)
    source = UpdateSource(open_run(checkpoint, base))
    factors = source.factors(None)
    update = {name: factors.module(name, 1).factors.leading(1) for name in factors.modules}
    model = CombinedWeights(weights, [trained], lambda _: (1.0,), update)
    for name in model.names:
        delta = model.delta(weights, name)
        expected = trained.delta(weights, name)
        for module, low_rank in update.items():
            if module == name:
                expected = expected + low_rank.dense()
            elif module.partition("[")[0] == name:
                expected[int(module.partition("[")[2][:-1])] += low_rank.dense()
        torch.testing.assert_close(delta, expected, atol=1e-6, rtol=0)
        for part in (slice(0, 1), slice(1, 3)):
            torch.testing.assert_close(model.delta(weights, name, part), delta[part])


def test_an_update_of_some_experts_leaves_the_others(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen3-moe", save_original_format=False)
    source = UpdateSource(open_run(checkpoint, base))
    stacks = sorted({n.partition("[")[0] for n in source.factors(None).modules if "[" in n})
    reached = {f"{stacks[0]}[2]", f"{stacks[1]}[0]", f"{stacks[1]}[3]"}
    factors = source.factors(None)
    update = {name: factors.module(name, 1).factors.leading(1) for name in reached}
    model = CombinedWeights(source.base, update=update)
    for stack in stacks:
        before, after = source.base.tensor(stack), model.tensor(stack)
        for index in range(len(before)):
            name = f"{stack}[{index}]"
            expected = before[index] + (update[name].dense() if name in reached else 0)
            torch.testing.assert_close(after[index], expected)
        torch.testing.assert_close(model.rows(stack, slice(1, 4)), after[1:4])
    assert model.digest != source.base.digest


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_stands_where_a_checkpoint_does(tmp_path, architecture):
    base, checkpoint = trained_pair(tmp_path, architecture)
    source = UpdateSource(open_run(checkpoint, base))
    trained = open_weights(checkpoint)
    half = CombinedWeights(source.base, [trained], lambda _: (0.5,))
    loaded = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    kept = {name: tensor.clone() for name, tensor in loaded.state_dict().items()}
    after = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).state_dict()
    (tmp_path / "out").mkdir()
    write_merged(half, source.base, tmp_path / "out")
    written = AutoModelForCausalLM.from_pretrained(tmp_path / "out").state_dict()
    with PatchedModel(loaded, source).changed(half) as model:
        for name, tensor in model.state_dict().items():
            expected = (kept[name] + after[name]) / 2
            torch.testing.assert_close(tensor, expected, atol=1e-6, rtol=0)
            assert torch.equal(tensor, written[name])
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, kept[name])
    stored = dict(whole(source.base, half))
    assert stored.keys() == set(half.names)
    assert all(torch.equal(tensor, half.tensor(name)) for name, tensor in stored.items())


def test_a_head_that_a_term_ties_is_left_to_the_embeddings(tmp_path):
    base, checkpoint = trained_pair(tmp_path, "qwen2")
    tensors = load_file(base / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    save_file(tensors, base / "model.safetensors", metadata={"format": "pt"})
    weights = open_weights(base)
    model = CombinedWeights(weights, [open_weights(checkpoint)], lambda _: (1.0,))
    assert "lm_head.weight" in weights.names
    assert "lm_head.weight" not in model.names


def test_its_digest_is_of_all_that_it_is_made_of(run):
    base, terms = opened(run)
    factors = LowRank(torch.ones(48, 1), torch.ones(1), torch.ones(32, 1))
    vector = {NORM: torch.ones(32)}
    models = [
        CombinedWeights(base),
        CombinedWeights(base, terms[:1], lambda _: (1.0,)),
        CombinedWeights(base, terms[:1], lambda _: (2.0,)),
        CombinedWeights(base, terms[1:], lambda _: (1.0,)),
        CombinedWeights(base, terms, lambda _: (1.0, 1.0)),
        CombinedWeights(base, terms, lambda name: (1.0, float(name == UP))),
        CombinedWeights(base, update={UP: factors}),
        CombinedWeights(base, update={UP: factors.scaled(2)}),
        CombinedWeights(base, vectors=vector),
    ]
    assert len({model.digest for model in models}) == len(models)
    assert CombinedWeights(base, vectors=vector).digest == models[-1].digest


def test_a_term_of_another_shape_is_named(run):
    base, terms = opened(run)
    path = run.final.path / "model.safetensors"
    save_file({**load_file(path), UP: torch.ones(2, 2)}, path, metadata={"format": "pt"})
    model = CombinedWeights(base, terms, lambda _: (0.5, 0.5))
    with pytest.raises(AlphaRLBenchError, match=r"checkpoint-2.*shape \(2, 2\).*run's base"):
        model.tensor(UP)


@pytest.mark.parametrize("shape", [(), (7,), (0, 4), (3, 1 << 19), (1 << 12, 1 << 10), (2, 3, 4)])
def test_blocks_cover_every_row_once(shape):
    blocks = row_blocks(shape)
    if blocks == [None]:
        return
    assert [row for block in blocks for row in range(shape[0])[block]] == list(range(shape[0]))
    assert len(blocks) > 1


def test_a_large_tensor_is_taken_in_blocks():
    assert len(row_blocks((1 << 12, 1 << 10))) == 4
