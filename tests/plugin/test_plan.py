"""`--plan`, and what a machine has no room for, in a pytest of its own."""

from types import SimpleNamespace

import pytest

from alpharl_bench.cache import cache_root
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.plugin.executing import refuse_contradictions
from alpharl_bench.plugin.options import _tensor_parallel as tensor_parallel
from tests.processes import run_pytester

CONFTEST = """
import pytest
from alpharl_bench.plan import Machine
from alpharl_bench.plugin import plan

plan.measured = lambda: Machine(
    hub=40 * 10**9, cache=40 * 10**9, shared=False, memory=30 * 10**9, gpus={gpus})

pytest_plugins = ["alpharl_bench.plugin"]

@pytest.fixture(scope="session")
def bench(request):
    return request.param

@pytest.fixture
def verdict(bench):
    pytest.fail("judged")
"""
SUITE = """
import pytest
from alpharl_bench.plugin import check

@pytest.mark.claim(id="P1.1")
def test_rank_1(verdict):
    check(verdict)

@pytest.mark.claim(id="P1.6")
def test_norms(verdict):
    check(verdict)

@pytest.mark.claim(id="P1.3")
def test_process(verdict):
    check(verdict)
"""


@pytest.fixture
def suite(pytester):
    pytester.makepyfile(test_suite=SUITE)

    def run(*options, gpus=()):
        pytester.makeconftest(CONFTEST.format(gpus=gpus))
        chosen = ("--lane", "paper", "-k", "qwen3-8b and dapo")
        return run_pytester(pytester, *chosen, *options, "-p", "no:alpharl-bench-report")

    return run


def test_a_claim_without_room_is_skipped_with_need_found_and_remedy(suite):
    result = suite("-rs")
    # Spectra take base and last checkpoint, and no model in memory: there is room for them.
    result.assert_outcomes(skipped=2, errors=1, deselected=45)
    lines = result.stdout.str()
    assert "P1.1 on qwen3-8b-dapo needs 39.4 GB of memory for a model of 8.19 B" in lines
    assert "found 30 GB free and no GPU; take a machine with a GPU" in lines
    assert "P1.3 on qwen3-8b-dapo needs 459 GB of disk for weights that are not here yet" in lines
    assert "found 40 GB free" in lines
    assert "name a larger disk by HF_HOME" in lines


def test_a_plan_runs_nothing(suite):
    before = sorted(cache_root().rglob("*.json"))
    result = suite("--plan", "--questions", "10", gpus=(80 * 10**9,))
    assert result.ret == 0
    result.assert_outcomes(deselected=45)
    lines = result.stdout.str()
    rows = {
        cells[1]: cells[2:-1]
        for line in result.stdout.lines
        if line.startswith("|") and (cells := [cell.strip() for cell in line.split("|")])
    }
    assert rows["P1.1"][0] == "32.8 GB"
    assert rows["P1.1"][4] == "37"  # 9 variants, 6 baselines and their 22 settings
    assert rows["P1.6"][2] == "0 B"
    assert rows["P1.6"][4] == "0"
    # Every step and its Rank-1, base and three controls: the last step is the trained model.
    assert rows["P1.3"][4] == str(27 + 27 + 4 + 6 + 22)
    assert rows["all, each thing once"][4] == str(27 + 27 + 4 + 6 + 22 + 3)
    assert rows["all, each thing once"][0] == "459 GB"
    assert "licence: apache-2.0" in lines
    assert "not verified: That all of steps 1 to 27" in lines
    assert "skipped here: P1.3: needs 459 GB of disk" in lines
    assert "Nothing was downloaded, trained or scored." in lines
    assert sorted(cache_root().rglob("*.json")) == before


def test_one_checkpoint_at_a_time_has_room_for_a_trajectory(suite):
    result = suite("--plan", "--one-checkpoint", "--questions", "10", gpus=(80 * 10**9,))
    lines = result.stdout.str()
    assert "one checkpoint at a time: at most 32.8 GB of weights are here at a time" in lines
    assert "| 459 GB " in lines  # is downloaded all the same
    assert "skipped here" not in lines


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lane": "smol"}, "--one-checkpoint: requires --lane paper or --run ORG/NAME"),
        ({"numprocesses": 2}, "--one-checkpoint: cannot be combined with -n"),
        ({"executor": "ray"}, "--one-checkpoint: cannot be combined with -n or --executor ray"),
    ],
)
def test_one_checkpoint_goes_with_one_process_and_the_hub(options, message):
    asked = {"lane": "paper", "executor": "local", "one_checkpoint": True, **options}
    config = SimpleNamespace(getoption=lambda name, default=None: asked.get(name, default))
    with pytest.raises(AlphaRLBenchError, match=message):
        refuse_contradictions(config)


def test_a_plan_goes_without_workers(refusal):
    assert "--plan: cannot be combined with -n" in refusal("--plan", "-n", "2")


def test_transformers_shares_no_model():
    asked = {"tensor_parallel": 2, "engine": "hf"}
    with pytest.raises(AlphaRLBenchError, match="--tensor-parallel 2: requires --engine vllm"):
        tensor_parallel(SimpleNamespace(getoption=asked.get))
    assert tensor_parallel(SimpleNamespace(getoption={**asked, "engine": "vllm"}.get)) == 2
