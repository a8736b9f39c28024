"""A plan in words: of runs that are trained here, and of several runs."""

from dataclasses import replace

import pytest

from alpharl_bench.bench import Options
from alpharl_bench.claims.power import expected
from alpharl_bench.claims.required import requirements_of
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.plan import cost_of
from alpharl_bench.plan.table import Planned, plan_text
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.spec import run_specs
from alpharl_bench.scoring import Sampling
from alpharl_bench.scoring.pace import Pace


@pytest.fixture
def planned(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    runs = {run.name: run for run in run_specs("nano", load_registry())}

    def plan(name):
        info, asked = runs[name].source.info(), Options(Sampling(("addition",)))
        costs = {
            claim: cost_of(requirements_of(CLAIMS[claim], info.steps), info, asked, 100)
            for claim in ("P1.1", "P1.6")
        }
        why = {"P1.6": "needs more"}
        return Planned(runs[name], info, asked, costs, costs["P1.1"], why)

    return plan


def test_what_is_trained_first_is_said(planned):
    one = planned("qwen3-facts-dapo")
    text = plan_text([one], 100)
    steps = load_registry().algorithms["dapo"].config_in("slow")["max_steps"]
    assert one.info.steps[-1] == steps
    assert len(one.info.steps) == 20
    # 20 checkpoints in float32, and as much as four more while it trains.
    assert one.info.training == 4 * one.info.size.parameters * 24
    assert f"to train first: {steps} steps, 14" in text
    assert "skipped here: P1.6: needs more" in text
    assert "100 tokens a second, as --tokens-per-second says" in text
    assert "All runs" not in text


def test_several_runs_have_a_sum(planned):
    text = plan_text([planned("qwen3-facts-dapo"), planned("qwen3-facts-grpo")], None)
    total = text.partition("## All runs")[2].split("|")
    cells = [cell.strip() for cell in total]
    assert "18" in cells  # nine variants of each
    assert f"{2 * 9 * 60 * 2 * 36:.3g}" in cells
    assert "where nothing was measured here" in text


def test_what_was_measured_is_a_time_and_stands_beside_hours_of_gpus(planned):
    pace = Pace(tokens=9.0, seconds=0.01, scores=3)
    one = planned("qwen3-facts-dapo")
    text = plan_text([replace(one, pace=pace), planned("qwen3-facts-grpo")], None)
    assert "9 tokens to a response and 900 tokens a second of one worker" in text
    assert "as measured here on 3 scores of this model" in text
    heads = [line for line in text.splitlines() if "tokens ≈" in line and "|" in line]
    assert [("time ≈" in head, "GPU-hours ≈" in head) for head in heads] == [
        (True, False),
        (False, True),
        (True, True),
    ]


def test_what_the_size_can_tell_is_said_before_there_is_a_session(planned):
    one = planned("qwen3-facts-dapo")
    asked = replace(one.asked, interim_analyses=4)
    (line,) = [
        line for line in plan_text([replace(one, asked=asked)], None).splitlines() if "told" in line
    ]
    first, last = (expected({"addition": 60}, count) for count in (2, 8))
    assert f"accuracies of {first:.3f} with 2 samples, {last:.3f} with 8 samples" in line
