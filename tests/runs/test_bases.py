"""Bases: from the package, or made once, whole."""

import torch

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.registry import Model, Registry, RunEntry, WarmUp, Wheel, load_registry
from alpharl_bench.runs import wheel
from alpharl_bench.runs.bases import base_folder, bases_of, cached_base, is_built, parameter_count
from alpharl_bench.runs.digests import base_key
from alpharl_bench.training import base as base_module
from alpharl_bench.training import warm_up as warm_up_module
from alpharl_bench.training.tokenizer import character_tokenizer


def fail(*_, **__):
    raise AssertionError("made again")


def test_a_base_that_ships_is_not_built(short_registry, monkeypatch):
    monkeypatch.setattr(base_module, "build_base", fail)
    model = short_registry.model("qwen3-facts")
    assert is_built(model)
    assert (base_folder(model) / "model.safetensors").is_file()


def test_a_base_is_built_whole_and_after_a_killed_process_too(tiny, empty):
    folder = cached_base(tiny)
    left = folder.parent / f".{folder.name}.x1"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    assert not is_built(tiny)
    assert base_folder(tiny) == folder
    assert is_built(tiny)
    assert not left.exists()
    weights = WeightFiles(folder)
    sizes = [torch.Size(weights.shape(name)).numel() for name in weights.names]
    assert parameter_count(tiny) == sum(sizes)


def test_parameters_are_counted_before_a_base_is_built(tiny, empty):
    hidden, inner, queries, keys, head = 32, 48, 2 * 16, 16, 16
    attention = hidden * (queries + keys + keys) + queries * hidden + 2 * head
    layer = attention + 3 * hidden * inner + 2 * hidden
    embedding = len(character_tokenizer()) * hidden  # tied to the output head
    assert parameter_count(tiny) == embedding + 2 * layer + hidden
    assert not is_built(tiny)


def test_a_distillation_needs_its_teacher(short_registry):
    student, teacher = bases_of(short_registry.run("qwen3-facts-opd"), short_registry)
    assert (student.name, teacher.name) == ("qwen3-facts", "qwen3-teacher")
    assert [m.name for m in bases_of(short_registry.run("qwen3-facts-sft"), short_registry)] == [
        "qwen3-facts"
    ]


SIZE = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "tie_word_embeddings": True,
}


def public(**origin):
    """A model of a wheel, or one that starts from it."""
    common = {"lane": "smol", "architecture": "LlamaForCausalLM", "seed": 0, "config": SIZE}
    return Model(name="warm" if "warm_up" in origin else "cold", **common, **origin)


def cold(version="1.0"):
    file = {"sha256": "0" * 64, "file": "a.gguf", "size": 1, "licence": "MIT"}
    return public(wheel=Wheel(package="a", version=version, **file))


def warm(start, **changed):
    recipe = {"model": "cold", "families": ("total",), "prompts": 4, "tokens": 8}
    training = {"steps": 2, "batch": 2, "learning_rate": 1e-5}
    return public(warm_up=WarmUp(**{**recipe, **training, **changed})).started_from(start)


def test_the_key_of_a_warm_base_follows_its_recipe_and_the_one_that_it_starts_from():
    keys = [base_key(warm(cold())), base_key(warm(cold("2.0"))), base_key(warm(cold(), steps=3))]
    assert len({*keys, base_key(cold())}) == 4
    assert base_key(warm(cold())) == keys[0]


def test_a_warm_base_is_made_from_another_which_is_made_first(empty, monkeypatch, capsys):
    made = []

    def convert(model, folder):
        made.append(model.name)
        (folder / "model.safetensors").write_bytes(b"cold")

    def warm_up(model, start, folder):
        made.append(model.name)
        (folder / "model.safetensors").write_bytes((start / "model.safetensors").read_bytes())

    monkeypatch.setattr(wheel, "convert", convert)
    monkeypatch.setattr(warm_up_module, "warm_up", warm_up)
    model = warm(cold())
    entry = RunEntry(name="warm-grpo", model="warm", algorithm="grpo", regime="public", seed=1)
    recipe = load_registry().algorithms["grpo"]
    registry = Registry({"cold": cold(), "warm": model}, {"grpo": recipe}, {"warm-grpo": entry})
    assert [base.name for base in bases_of(entry, registry)] == ["cold", "warm"]
    # Counted before either is there.
    assert parameter_count(model) == parameter_count(cold())
    folder = base_folder(model)
    assert made == ["cold", "warm"]
    assert (folder / "model.safetensors").read_bytes() == b"cold"
    assert "warming up 'cold' by 2 steps" in capsys.readouterr().err
    # What it started from is needed no longer.
    assert [base.name for base in bases_of(entry, registry)] == ["warm"]
