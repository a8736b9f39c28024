import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.bench import Bench, Options
from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import is_correct
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.scoring import Sampling, Score
from alpharl_bench.scoring import engine as engine_module
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import (
    BASE,
    FULL,
    Variant,
    forecast,
    full_at,
    percent,
    rank,
    subspace,
)
from alpharl_bench.variants.extrapolated_logits import ExtrapolatedLogits
from alpharl_bench.variants.materialise import Change, UpdateSource

BASE_FOLDER = base_folder(load_registry().model("qwen3-switch"))
SAMPLING = Sampling(questions=6, samples=3)


def engine_of(checkpoint, sampling=SAMPLING, **made):
    run = Run("a-run", BASE_FOLDER, (Checkpoint(1, checkpoint),))
    return ScoringEngine(run, "digest", UpdateSource(run, **made), sampling)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A checkpoint with another attention: it answers differently from the base."""
    folder = tmp_path_factory.mktemp("checkpoint-1") / "weights"
    shutil.copytree(BASE_FOLDER, folder)
    tensors = load_file(folder / "model.safetensors")
    generator = torch.Generator().manual_seed(0)
    for name, tensor in tensors.items():
        if "self_attn" in name and tensor.ndim == 2:
            tensor.add_(0.05 * torch.randn(tensor.shape, generator=generator))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def ends(damaged):
    """The scores of base and checkpoint, each by an engine that has scored nothing else."""
    return tuple(engine_of(damaged).score(variant) for variant in (BASE, FULL))


def test_a_full_variant_scores_as_the_checkpoint_loaded_by_itself(damaged, ends):
    base, patched = ends
    run = Run("a-run", damaged, (Checkpoint(1, damaged),))
    loaded = ScoringEngine(run, "digest", UpdateSource(run), SAMPLING).score(BASE)
    assert patched.marks == loaded.marks
    assert patched.marks != base.marks


def test_scores_do_not_depend_on_what_was_scored_before(damaged, ends):
    base, full = ends
    engine = engine_of(damaged)
    for variant in (rank(1), subspace(3)):
        engine.score(variant)
    assert engine.score(FULL) == full
    assert engine.score(BASE) == base
    # Only attention differs, so the update of full rank is the whole checkpoint.
    assert engine.score(rank(128)).marks == full.marks


def test_a_variants_name_is_no_part_of_what_is_sampled(damaged, ends):
    """So that one score serves all names of a model."""
    engine, names = engine_of(damaged), [rank(1), subspace(1), percent(1), rank(1, step=1)]
    one, *others = [engine.score(variant).model_dump(exclude={"variant"}) for variant in names]
    assert others == [one] * 3
    assert engine.score(full_at(1)) == ends[1].model_copy(update={"variant": "full @1"})


def test_extrapolated_logits_are_scored_like_any_variant(damaged, ends):
    base, full = ends

    def beyond(alpha: float) -> Score:
        def made(_: Variant) -> Change:
            source = engine._source
            return ExtrapolatedLogits(source.base, source.factors(None).trained, alpha)

        engine = engine_of(damaged, forecast=made)
        score = engine.score(forecast("rlvr-logits", 40))
        if alpha == 2:
            assert engine.score(forecast("rlvr-logits", 40)) == score
            assert engine.score(BASE) == base
        return score

    # Both ends are the models themselves, sample by sample; beyond them is neither.
    assert beyond(0).marks == base.marks
    assert beyond(1).marks == full.marks
    assert beyond(2).marks not in (base.marks, full.marks)


def test_sampling_agrees_with_transformers_own_generate():
    engine = engine_of(BASE_FOLDER, Sampling(questions=40, samples=8))
    score = engine.score(BASE)
    model, tokenizer = (
        cls.from_pretrained(BASE_FOLDER) for cls in (AutoModelForCausalLM, AutoTokenizer)
    )
    prompts = [q.split("/", 1)[1] for _, q in score.questions for _ in range(8)]
    answers = [_answer(p) for p in prompts]
    torch.manual_seed(1)
    inputs = tokenizer(prompts, return_tensors="pt", padding=True, return_token_type_ids=False)
    output = model.generate(**inputs, do_sample=True, top_k=0, max_new_tokens=36)
    texts = tokenizer.batch_decode(output[:, inputs.input_ids.shape[1] :], skip_special_tokens=True)
    direct = sum(map(is_correct, texts, answers)) / len(texts)
    # Two samples of 1920 responses at 0.28: a difference has a standard error of about 0.015.
    assert abs(direct - score.accuracy) < 0.06


def _answer(prompt):
    expression = prompt[:-1]
    if expression[0] == "s":
        return "".join(sorted(expression[1:]))
    return str(eval(expression))  # noqa: S307  (our own arithmetic)


def test_every_sample_of_every_question_is_kept():
    score = engine_of(BASE_FOLDER).score(BASE)
    assert len(score.questions) == 6 * 6
    assert {len(marks) for marks in score.marks} == {3}
    assert score.provenance.samples_per_question == 3
    assert score.provenance.packages["lm-eval"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_checkpoint_with_nan_is_an_error_and_never_a_score(value, tmp_path):
    shutil.copytree(BASE_FOLDER, tmp_path / "nan")
    tensors = load_file(tmp_path / "nan" / "model.safetensors")
    tensors["model.layers.1.mlp.up_proj.weight"][3, 3] = value
    save_file(tensors, tmp_path / "nan" / "model.safetensors", metadata={"format": "pt"})
    engine = engine_of(tmp_path / "nan")
    before = engine.score(BASE)
    for variant in (FULL, rank(1)):
        with pytest.raises(AlphaRLBenchError, match=r"model\.layers\.1\.mlp\.up_proj\.weight"):
            engine.score(variant)
    assert engine.score(BASE) == before


def test_a_killed_session_scores_only_what_is_missing(short_registry, tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    specs = run_specs("nano", short_registry)
    spec = next(spec for spec in specs if spec.name == "qwen3-switch-dapo")
    options = Options(SAMPLING)
    scored = Bench(spec, options).scores({BASE: 1, FULL: 1})
    second = Bench(spec, options)
    asked = []
    genuine = ScoringEngine.measured_score
    monkeypatch.setattr(
        ScoringEngine,
        "measured_score",
        lambda e, v, n, s: asked.append((v, n)) or genuine(e, v, n, s),
    )
    again = second.scores({BASE: 1, FULL: 2, rank(1): 1})
    assert asked == [(FULL, 1), (rank(1), 0)]
    assert again["base"] == scored["base"]
    assert again["full"].first(SAMPLING.samples) == scored["full"]
    assert again["full"].samples_per_question == 2 * SAMPLING.samples
    assert set(again) == {"base", "full", "rank-1"}


def test_an_engine_that_is_too_small_for_a_split_starts_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = []

    class Backend:
        def __init__(self, context: int) -> None:
            self.context = context
            self.closed = False
            opened.append(self)

        def close(self) -> None:
            self.closed = True

    contexts = {"test": 50, "validation": 52}
    monkeypatch.setattr(engine_module, "_questions", lambda sampling: sampling.split)
    monkeypatch.setattr(engine_module, "fitted", lambda _, asked, *__: (contexts[asked], ()))
    monkeypatch.setattr(engine_module, "open_backend", lambda _, __, context: Backend(context))
    monkeypatch.setattr(engine_module, "config_notes", lambda *_: [])
    run = Run("a", Path(), (Checkpoint(1, Path()),))
    engine = ScoringEngine(run, "digest", None, Sampling())  # type: ignore[arg-type]  # no update is asked for
    engine._put(replace(Sampling(), split="validation"))
    engine._put(replace(Sampling(), split="validation"))
    assert [(backend.context, backend.closed) for backend in opened] == [(50, True), (52, False)]
