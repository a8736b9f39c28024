"""vLLM's variants beside those of transformers; `tox -e vllm` has what it takes."""

import logging
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import psutil
import pytest
import torch
from transformers import AutoModelForCausalLM

from alpharl_bench.checkpoints import Checkpoint, Run, open_run, open_weights
from alpharl_bench.decoding import AS_ASKED, FORCED, Decoding
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import Target, method_named, observe
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.scoring.catalogue import GAME_TASKS
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.training.base import build_base
from alpharl_bench.training.tokenizer import character_tokenizer
from alpharl_bench.variants import BASE, FULL, forecast, rank, subspace, window
from alpharl_bench.variants.combined import CombinedWeights, applied
from alpharl_bench.variants.materialise import UpdateSource
from alpharl_bench.variants.merged import write_merged
from tests.models import trained_pair
from tests.scoring.test_neutral import folder_of, run_of

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM: `tox -e vllm`"),
    pytest.mark.usefixtures("engine_server"),
]

NANO = base_folder(load_registry().model("qwen3-switch"))
SAMPLING = Sampling(tasks=("addition", "chain"), questions=10, samples=4)
VLLM = EngineOptions("vllm", batch_size=64)
TOKENS = list(range(3, 20))
#: What would change most responses if a base's own options were used.
HOSTILE = {"repetition_penalty": 1.5, "suppress_tokens": [20, 21], "min_p": 0.5, "top_k": 1}
# Attention on the CPU knows heads of 32 and more.
HEADS = {"hidden_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """The nano base and a checkpoint whose every matrix was moved, enough to answer otherwise."""
    folder = tmp_path_factory.mktemp("moved") / "checkpoint-7"
    model = AutoModelForCausalLM.from_pretrained(NANO, dtype=torch.float32)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "proj" in name:
                parameter.add_(0.02 * torch.randn(parameter.shape))
    model.save_pretrained(folder)
    return Run("moved", NANO, (Checkpoint(7, folder),))


@pytest.fixture(scope="module")
def updates(moved):
    return UpdateSource(moved, forecast=lambda variant: predicted(moved, variant))


@pytest.fixture(scope="module")
def players(moved, updates):
    """Games; their prompts are the longest."""
    engine = ScoringEngine(moved, "digest", updates, cold(GAME_TASKS, "plain"), VLLM)
    yield engine
    engine.close()


def test_a_model_is_not_shared_among_gpus_that_are_not_there(moved):
    options = EngineOptions("vllm", tensor_parallel=64)
    with pytest.raises(AlphaRLBenchError, match="--tensor-parallel 64: needs 64 GPUs, torch sees"):
        open_backend(options, UpdateSource(moved), 64)


@pytest.fixture(scope="module")
def engine(moved, updates, players):
    """Arithmetic, asked of what was started for games: a start takes half a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alpharl_bench.scoring.engine.open_backend", lambda *_: players.backend)
        return ScoringEngine(moved, "digest", updates, SAMPLING, VLLM)


def predicted(run, variant):
    """From all of the run, what twice as long a training would give."""
    method = method_named(variant.method).forecaster
    return method.fit(observe(run, 1)).predict(Target(step=2 * run.steps[-1]))


def logprobs(backend, tokens=TOKENS):
    """The next token's log-probabilities of the twenty likeliest tokens."""
    from vllm import SamplingParams  # noqa: PLC0415  (not everywhere)

    (output,) = backend.lm.model.generate(
        [{"prompt_token_ids": tokens}],
        SamplingParams(max_tokens=1, temperature=0, logprobs=20),
        lora_request=backend.lm.lora_request,
        use_tqdm=False,
    )
    return {token: value.logprob for token, value in output.outputs[0].logprobs[0].items()}


def truth(folder, tokens=TOKENS):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([tokens])).logits[0, -1], dim=-1)


def assert_near(found, expected):
    assert len(found) == 20
    for token, value in found.items():
        assert value == pytest.approx(float(expected[token]), abs=1e-4)


def test_every_variant_has_the_logits_of_its_merged_weights(engine, moved, tmp_path):
    source, backend = UpdateSource(moved), engine.backend
    # Adapters, ranks beyond them, whole checkpoints, and each of them after the others.
    for n, variant in enumerate((rank(1), rank(12), FULL, subspace(2), FULL, BASE, rank(1))):
        folder = tmp_path / str(n)
        folder.mkdir()
        if variant == BASE:
            folder = NANO
        elif variant == FULL:
            folder = moved.final.path
        else:
            update = source.update(variant)
            write_merged(CombinedWeights(source.base, update=update), source.base, folder)
        with backend.use_variant(variant):
            found = logprobs(backend)
        assert_near(found, truth(folder))
        if variant != BASE:
            assert max(abs(v - float(truth(NANO)[t])) for t, v in found.items()) > 1e-2


def test_a_rank_1_adapter_and_the_same_weights_merged_give_the_same_logits(engine, monkeypatch):
    backend = engine.backend
    with backend.use_variant(rank(1)):
        assert backend.lm.lora_request is not None
        adapter = logprobs(backend)
    monkeypatch.setattr("alpharl_bench.scoring.vllm.allowed_rank", lambda *_: None)
    with backend.use_variant(rank(1)):
        assert backend.lm.lora_request is None
        merged = logprobs(backend)
    assert adapter.keys() == merged.keys()
    assert max(abs(adapter[token] - merged[token]) for token in adapter) < 1e-4


def test_extrapolated_logits_are_left_to_the_other_engine(engine):
    with pytest.raises(AlphaRLBenchError, match=r"two models .* --engine hf"):
        engine.score(forecast("rlvr-logits", 40))


def test_a_window_of_modules_leaves_the_others_at_the_base(engine, moved, tmp_path):
    # One of three that vLLM fuses, and one of two.
    modules = ("model.layers.1.self_attn.k_proj.weight", "model.layers.2.mlp.up_proj.weight")
    variant = replace(window(1), modules=modules)
    source = UpdateSource(moved)
    write_merged(applied(source.update(variant), source.base), source.base, tmp_path)
    with engine.backend.use_variant(variant):
        found = logprobs(engine.backend)
    assert_near(found, truth(tmp_path))
    assert max(abs(v - float(truth(NANO)[t])) for t, v in found.items()) > 1e-3


@pytest.mark.parametrize("method", ["rank1-last", "expo"])
def test_a_forecast_has_the_logits_of_its_merged_weights(engine, moved, tmp_path, method):
    variant = forecast(method, 40)
    model = applied(predicted(moved, variant), open_weights(moved.base))
    write_merged(model, open_weights(moved.base), tmp_path)
    with engine.backend.use_variant(variant):
        assert_near(logprobs(engine.backend), truth(tmp_path))


def test_scores_repeat_whatever_came_between(engine):
    first = {variant: engine.score(variant) for variant in (BASE, rank(1), FULL)}
    again = {variant: engine.score(variant) for variant in (FULL, BASE, rank(1))}
    assert again == first
    assert first[BASE].marks != first[FULL].marks
    assert first[BASE].provenance.packages["vllm"]
    assert first[BASE].provenance.engine == "vllm"


def test_samples_of_a_question_and_looks_differ(engine):
    first, second = (engine.score(BASE, look) for look in (0, 1))
    answers = [set(r.answers) for asked in first.responses.values() for r in asked.values()]
    assert sum(len(different) > 1 for different in answers) > len(answers) / 2
    assert first.marks != second.marks


@pytest.mark.parametrize(
    ("architecture", "variants"),
    [
        ("glm4", (rank(2), rank(12), FULL)),
        ("phi3", (rank(2), rank(12), FULL)),
        # Whatever it wears, the engine starts anew.
        ("qwen3-moe", (rank(2), FULL)),
    ],
)
def test_a_fused_matrix_and_a_mixture_of_experts(tmp_path, architecture, variants):
    # A bfloat16 base, as most are: an update that is scored in float32 must not be rounded to it.
    base, checkpoint = trained_pair(
        tmp_path, architecture, dtype=torch.bfloat16, scale=0.05, config=HEADS
    )
    # A tokenizer that knows as many tokens; what it makes of them does not matter here.
    for folder in (base, checkpoint):
        character_tokenizer().save_pretrained(folder)

    source = UpdateSource(open_run(str(checkpoint), str(base)))
    backend = open_backend(EngineOptions("vllm", batch_size=4), source, context=64)
    try:
        for variant in variants:
            folder = tmp_path / variant.label
            folder.mkdir()
            if variant == FULL:
                folder = checkpoint
            else:
                update = source.update(variant)
                merged = CombinedWeights(source.base, update=update)
                write_merged(merged, source.base, folder, torch.float32)
            with backend.use_variant(variant):
                assert_near(logprobs(backend), truth(folder))
    finally:
        backend.close()


@pytest.mark.filterwarnings("ignore::alpharl_bench.errors.AlphaRLBenchWarning")
def test_both_engines_sample_neutrally_and_end_alike(tmp_path):
    base = folder_of(tmp_path / "base", generation_config=HOSTILE)
    own = folder_of(tmp_path / "own", generation_config={"eos_token_id": [1, 15]})
    scores = {}
    for options in (EngineOptions(batch_size=64), VLLM):
        with opened(run_of(base, own), cold(("addition", "chain"), "plain"), options) as engine:
            scores[options.name] = engine.score(BASE)
    assert_answered_alike(scores["vllm"], scores["hf"], 0.7)
    # The same base without options, that ends with the same tokens.
    with opened(run_of(NANO, own), cold(("addition", "chain"), "plain"), VLLM) as engine:
        assert engine.score(BASE).responses == scores["vllm"].responses


def cold(tasks, prompt):
    # So cold that luck decides only between tokens that are all but equally likely, as the last
    # digits of the bases' wrong answers are. Prompts that differed would leave little in common.
    return Sampling(tasks, questions=20, samples=1, prompt=prompt, temperature=0.01)


@contextmanager
def opened(run, sampling, options, decoding=AS_ASKED):
    engine = ScoringEngine(run, "digest", UpdateSource(run), sampling, options, lambda _: decoding)
    try:
        yield engine
    finally:
        engine.close()


def assert_answered_alike(score, other, least):
    answers, others = (
        [r.answers for asked in one.responses.values() for r in asked.values()]
        for one in (score, other)
    )
    alike = [a == b for a, b in zip(answers, others, strict=True)]
    assert np.mean(alike) >= least
    assert len(set(answers)) > 1


def assert_same_policy(score, other):
    policy, expected = score.kuhn_policy, other.kuhn_policy
    assert policy.active == pytest.approx(expected.active, abs=1e-3)
    assert policy.off_rules == pytest.approx(expected.off_rules, abs=1e-3)


def made(name, folder):
    """A run without updates, on a base of the registry with larger heads.

    It is pretrained until most of its greedy answers are others if a newline of the format is left
    out; rounding changes none of them.
    """
    model = load_registry().model(name)
    recipe = model.recipe.model_copy(update={"steps": 100, "documents_per_step": 48})
    larger = {"config": {**model.config, **HEADS}, "pretraining": recipe}
    build_base(model.model_copy(update=larger), folder)
    return Run("none", folder, (Checkpoint(1, folder),))


@pytest.mark.parametrize(
    ("model", "tasks"),
    [
        ("qwen2-facts", ("addition", "chain")),
        ("glm4-facts", ("addition", "chain")),
        ("llama3-facts", GAME_TASKS),
    ],
)
def test_chat_formats_are_answered_as_by_the_other_engine(model, tasks, tmp_path):
    run = made(model, tmp_path / "base")
    greedy = Decoding(temperature=0)
    scores = {}
    for options in (EngineOptions(batch_size=64), VLLM):
        with opened(run, cold(tasks, "chat"), options, greedy) as engine:
            scores[options.name] = engine.score(BASE)
    assert_answered_alike(scores["vllm"], scores["hf"], 0.9)
    if tasks == GAME_TASKS:
        assert_same_policy(scores["vllm"], scores["hf"])


def test_games_without_a_format_are_answered_as_by_the_other_engine(players, moved):
    with opened(moved, cold(GAME_TASKS, "plain"), EngineOptions(batch_size=64)) as engine:
        expected = engine.score(BASE)
    score = players.score(BASE)
    assert_answered_alike(score, expected, 0.9)
    assert_same_policy(score, expected)


def worker():
    """The process that holds the weights; the kernel kills it when memory is full."""
    processes = psutil.process_iter(["cmdline", "status"])
    (found,) = [
        process
        for process in processes
        if "VLLM::Worker" in "".join(process.info["cmdline"] or ())
        and process.info["status"] != psutil.STATUS_ZOMBIE
        and psutil.Process() in process.parents()
    ]
    return found


def test_after_a_full_memory_the_engine_starts_again_with_half_the_batch(
    engine, monkeypatch, caplog
):
    before = engine.score(rank(1))
    genuine = type(engine.backend.lm).generate_until

    def killed_once(lm, requests, **kwargs):
        monkeypatch.setattr(type(lm), "generate_until", genuine)
        worker().kill()
        return genuine(lm, requests, **kwargs)

    monkeypatch.setattr(type(engine.backend.lm), "generate_until", killed_once)
    with caplog.at_level(logging.WARNING):
        after = engine.score(rank(1))
    assert "with batches of 64 while scoring 'rank-1': going on with 32" in caplog.text
    assert after.provenance.batch_size == 32
    assert after.marks == before.marks


@pytest.mark.skipif(torch.cuda.is_available(), reason="another attention, for other heads")
def test_heads_that_attention_on_a_cpu_does_not_know_are_named(tmp_path):
    base, _ = trained_pair(tmp_path, "qwen3")  # with heads of 8
    character_tokenizer().save_pretrained(base)
    source = UpdateSource(Run("none", base, (Checkpoint(1, base),)))
    message = r"base/config.json: attention heads of 8; .* 32, 64, .*: ask with --engine hf, or on"
    with pytest.raises(AlphaRLBenchError, match=message):
        open_backend(EngineOptions("vllm"), source, context=64)


HOLDS_AN_ENGINE = """
import time
from multiprocessing import active_children
from pathlib import Path
from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.scoring.backends import open_backend
from alpharl_bench.scoring.engines import EngineOptions
from alpharl_bench.variants.combined import CombinedWeights
from alpharl_bench.variants.materialise import UpdateSource

if __name__ == "__main__":
    base = Path({base!r})
    source = UpdateSource(Run("none", base, (Checkpoint(1, base),)))
    backend = open_backend(EngineOptions("vllm", batch_size=4), source, context=64)
    print("ENGINE", *[child.pid for child in active_children()], flush=True)
    time.sleep(600)
"""


def test_a_killed_session_leaves_no_engine_behind(tmp_path):
    script = tmp_path / "hold.py"
    script.write_text(HOLDS_AN_ENGINE.format(base=str(NANO)))
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    line = next(line for line in process.stdout if line.startswith("ENGINE"))
    engines = [psutil.Process(int(pid)) for pid in line.split()[1:]]
    held = [*engines, *(child for engine in engines for child in engine.children())]
    assert held
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(held, timeout=30)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def test_a_decoding_forces_forbids_and_prefers_tokens(players):
    """Both engines draw what the biases leave: vLLM's own processes read them."""
    backend = players.backend
    prompts = [[*character_tokenizer().encode("3+4=")]] * 40
    digit, mark = (character_tokenizer().encode(text)[0] for text in "7#")
    with backend.use_variant(BASE):
        backend.reseed(1)
        with backend.decoding(Decoding(first={mark: FORCED})):
            forced = backend.draw(prompts, 4)
        with backend.decoding(Decoding(first={mark: -FORCED}, bias={digit: -FORCED})):
            forbidden = backend.draw(prompts, 4)
        with backend.decoding(Decoding(temperature=0)):
            greedy = backend.draw(prompts, 4)
        plain = backend.draw(prompts, 4)
    assert {tokens[0] for tokens in forced} == {mark}
    assert any(tokens.count(mark) == 1 and len(tokens) > 1 for tokens in forced)
    assert all(tokens[0] != mark and digit not in tokens for tokens in forbidden)
    assert len(set(map(tuple, greedy))) == 1
    assert len(set(map(tuple, plain))) > 1
    assert any(digit in tokens for tokens in plain)
