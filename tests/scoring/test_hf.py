"""The Hugging Face engine when memory runs out."""

import logging

import pytest
import torch

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import BASE
from alpharl_bench.variants.materialise import UpdateSource
from tests.scoring.test_engine import BASE_FOLDER

SAMPLING = Sampling(tasks=("addition", "chain"), questions=5, samples=4)


@pytest.fixture
def engine():
    run = Run("a-run", BASE_FOLDER, (Checkpoint(1, BASE_FOLDER),))
    options = EngineOptions(batch_size=32)
    return ScoringEngine(run, "digest", UpdateSource(run), SAMPLING, options)


def small_memory(engine, monkeypatch, room, error):
    """A model that fails as torch does where a batch has more sequences than there is room for."""
    sizes, genuine = [], engine.backend.lm.model.generate

    def generate(input_ids, **settings):
        sizes.append(len(input_ids))
        if len(input_ids) > room:
            raise error
        return genuine(input_ids=input_ids, **settings)

    monkeypatch.setattr(engine.backend.lm.model, "generate", generate)
    return sizes


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
    ids=["CUDA", "CPU", "Python"],
)
def test_the_batch_is_halved_until_it_fits_and_every_response_counts_once(
    engine, monkeypatch, caplog, error
):
    sizes = small_memory(engine, monkeypatch, 10, error)
    with caplog.at_level(logging.WARNING):
        score = engine.score(BASE)
    assert sizes == [32, 16, 8, 8, 8, 8, 8]
    assert {len(marks) for marks in score.marks} == {4}
    assert len(score.questions) == 10
    assert score.provenance.batch_size == 8
    assert "out of memory with batches of 32 while scoring 'base': going on with 16" in caplog.text
    assert "batches of 16 while scoring 'base': going on with 8" in caplog.text
    # The next variant starts from what was learned.
    assert engine.score(BASE, 1).provenance.batch_size == 8
    assert sizes[7:] == [8] * 5


def test_without_room_for_one_response_the_remedy_is_named(engine, monkeypatch):
    small_memory(engine, monkeypatch, 0, torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(AlphaRLBenchError, match="out of memory with one response at a time"):
        engine.score(BASE)


def test_other_errors_are_not_taken_for_a_full_memory(engine, monkeypatch):
    sizes = small_memory(engine, monkeypatch, 0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        engine.score(BASE)
    assert sizes == [32]


def test_half_precision_is_asked_for_and_noted(engine):
    run = Run("a-run", BASE_FOLDER, (Checkpoint(1, BASE_FOLDER),))
    half = ScoringEngine(run, "", UpdateSource(run), SAMPLING, EngineOptions(dtype="bfloat16"))
    assert half.backend.lm.model.dtype == torch.bfloat16
    assert half.score(BASE).provenance.dtype == "bfloat16"
    assert engine.backend.lm.model.dtype == torch.float32
