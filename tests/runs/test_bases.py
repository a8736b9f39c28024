"""Bases: from the package, or made once, whole."""

import torch

from alpharl_bench.checkpoints import WeightFiles
from alpharl_bench.runs.bases import base_folder, bases_of, cached_base, is_built, parameter_count
from alpharl_bench.training import base as base_module
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
