"""Nothing is scored that an engine does not wear."""

import re

import pytest
import torch
from transformers import AutoTokenizer

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring import EngineOptions, proof
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.scoring.proof import Reference, fixed_text, log_probabilities
from alpharl_bench.spectral import LowRank
from alpharl_bench.variants import BASE, FULL, rank
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.patch import PatchedModel
from tests.models import ARCHITECTURES, model_of, trained_pair
from tests.scoring.test_neutral import NANO

Q = "model.layers.0.self_attn.q_proj.weight"


def source_of(folder, architecture="qwen3", *, scale=0.05):
    base, checkpoint = trained_pair(folder, architecture, scale=scale)
    for path in (base, checkpoint):
        AutoTokenizer.from_pretrained(NANO).save_pretrained(path)
    return UpdateSource(Run("a-run", base, (Checkpoint(7, checkpoint),)))


def backend_of(source, **options):
    return open_backend(EngineOptions(**options), source, 64)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_worn_is_used(tmp_path, architecture):
    backend = backend_of(source_of(tmp_path, architecture))
    for variant in (BASE, rank(1), FULL, BASE, rank(2)):
        with backend.use_variant(variant):
            assert backend.notes == ()


@pytest.mark.parametrize("variant", [rank(1), FULL], ids=lambda v: v.label)
def test_weights_that_the_forward_pass_does_not_use_are_an_error(tmp_path, variant, monkeypatch):
    source = source_of(tmp_path)
    backend = backend_of(source)
    # As a compiled or offloaded model does it: the patched parameters are not those of the forward.
    frozen = log_probabilities(backend.lm.model, backend._text)
    monkeypatch.setattr("alpharl_bench.scoring.hf.log_probabilities", lambda *_: frozen)
    with (
        pytest.raises(AlphaRLBenchError, match=f"'{variant.label}': .* does not use them"),
        backend.use_variant(variant),
    ):
        pass


def test_a_parameter_that_another_s_weights_were_written_over_is_an_error(tmp_path):
    source = source_of(tmp_path)
    backend = backend_of(source)
    layers = backend.lm.model.model.layers
    layers[1].mlp.up_proj.weight.data = layers[0].mlp.up_proj.weight.data
    backend._patched = PatchedModel(backend.lm.model, source)
    for variant, said in ((FULL, "shares its memory"), (rank(1), "is not that of the base")):
        with pytest.raises(AlphaRLBenchError, match=said), backend.use_variant(variant):
            pass


def test_a_parameter_that_is_not_the_base_s_is_an_error(tmp_path):
    backend = backend_of(source_of(tmp_path))
    with torch.no_grad():
        backend.lm.model.get_parameter(Q)[0, 0] += 1
    with (
        pytest.raises(AlphaRLBenchError, match=f"parameter '{re.escape(Q)}' is not that of"),
        backend.use_variant(rank(1)),
    ):
        pass


def test_an_update_that_rounding_takes_away_is_said(tmp_path):
    source = source_of(tmp_path, scale=1e-7)
    backend = backend_of(source, dtype="bfloat16")
    with backend.use_variant(rank(1, alpha=1e-4)):
        assert "rank-1 x0.0001' is the base in bfloat16: rounding takes" in backend.notes[0]
    backend = backend_of(source)
    with backend.use_variant(rank(1)):
        assert backend.notes == ()


def test_what_16_bits_cost_is_said(tmp_path):
    backend = backend_of(source_of(tmp_path, scale=1e-3), dtype="bfloat16")
    with backend.use_variant(rank(1)):
        (note,) = backend.notes
        assert re.fullmatch(
            r"'rank-1': \d+% of its update is left in bfloat16, with an error of \d+% of its norm; "
            "--dtype float32 keeps all of it",
            note,
        )
    with backend.use_variant(FULL):
        (note,) = backend.notes
        assert "nats a token, and bfloat16 is off by" in note
        assert "by what it is on others" in note
    with backend.use_variant(BASE):
        assert backend.notes == ()


def test_probabilities_that_are_no_numbers_are_an_error(tmp_path, monkeypatch):
    backend = backend_of(source_of(tmp_path))
    monkeypatch.setattr(
        "alpharl_bench.scoring.hf.log_probabilities", lambda *_: torch.full((31,), torch.nan)
    )
    with pytest.raises(AlphaRLBenchError, match="not finite"), backend.use_variant(FULL):
        pass


def test_log_probabilities_are_those_of_the_text():
    model = model_of("llama").eval()
    text = fixed_text(50)
    with torch.no_grad():
        logits = model(torch.tensor([text])).logits[0].double()
    by_hand = [float(logits[i].softmax(-1)[text[i + 1]].log()) for i in range(len(text) - 1)]
    found = log_probabilities(model, text)
    assert found.tolist() == pytest.approx(by_hand, abs=1e-5)
    assert len(set(text)) > 10
    assert max(text) < 50


@pytest.mark.parametrize("variant", [rank(1), rank(3), FULL], ids=lambda v: v.label)
def test_another_engine_must_agree_with_transformers(tmp_path, variant):
    source = source_of(tmp_path)
    text = fixed_text(50)
    reference = Reference(source, text)
    base, change = reference._read(source.base), source.change(variant)
    worn = reference._read(change)
    compared = reference.require(variant.label, change, worn, base, "float32")
    assert compared.measured
    assert compared.lost == 0
    effect = float((worn - base).square().mean().sqrt())
    assert compared.effect == pytest.approx(effect)
    assert proof.supposed(worn, base, "bfloat16").effect == pytest.approx(effect)
    reference.require(variant.label, change, worn + 1e-5, base + 1e-5, "float32")
    # The base in its place, a part of it, and another variant.
    for other in (base, base + 0.9 * (worn - base), reference._read(source.change(rank(2)))):
        with pytest.raises(AlphaRLBenchError, match="does not use"):
            reference.require(variant.label, change, other, base, "float32")
    with pytest.raises(AlphaRLBenchError, match="not finite"):
        reference.require(variant.label, change, worn * torch.nan, base, "float32")


def test_a_module_that_an_engine_skips_is_seen(tmp_path):
    source = source_of(tmp_path)
    reference = Reference(source, fixed_text(50))
    base, update = reference._read(source.base), source.update(rank(1))
    for skipped in ("q_proj", "o_proj", "up_proj", "down_proj"):
        partly = reference._read({n: f for n, f in update.items() if skipped not in n})
        with pytest.raises(AlphaRLBenchError, match="does not use"):
            reference.require("rank-1", update, partly, base, "float32")


def test_how_far_a_variant_is_from_the_base(tmp_path):
    source = source_of(tmp_path)
    base = source.base
    assert proof.distance(base, base, 1.0) == 0
    norm = float(base.tensor(Q).norm())
    factors = LowRank(torch.ones(32, 1), torch.tensor([0.5]), torch.ones(32, 1))
    assert proof.distance({Q: factors}, base, 1.0) == pytest.approx(0.5 / norm)
    trained = source.change(FULL)
    every = [
        float((trained.tensor(n) - base.tensor(n)).norm() / base.tensor(n).norm())
        for n in base.names
        if "proj" in n
    ]
    assert proof.distance(trained, base, 1e9) == pytest.approx(max(every))
