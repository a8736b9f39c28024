"""Which runs of a lane are judged: the core, those that are named, or all."""

import pytest

from alpharl_bench.plugin.selection import (
    left_out_line,
    named_runs,
    nothing_core,
    words_of,
)
from tests.plugin.core_lane import CORE, OTHERS
from tests.processes import run_pytest

CLAIM = ("-m", "claim(id='P1.1')")
NODE = "test_fully_trained.py::test_rank1_recovers_the_fully_trained_model"


def session(*options, path="suites/property1"):
    return run_pytest(path, "-p", "tests.plugin.core_lane", *options)


def collected(*options, path="suites/property1"):
    """The runs of a session's tests, and the line about others."""
    result = session("--collect-only", "-q", *options, path=path)
    lines = result.stdout.splitlines()
    runs = {line.rsplit("[", 1)[1].removesuffix("]") for line in lines if "::" in line}
    said = [line for line in lines if line.startswith(("left out", "ERROR"))]
    assert len(said) <= 1
    return runs, "".join(said)


def test_the_core_is_judged_where_no_run_is_named():
    runs, said = collected(*CLAIM)
    assert runs == set(CORE)
    assert said.startswith("left out: 4 runs that are not core (qwen3-switch-dapo, ")
    assert "-k qwen3-switch-dapo" in said
    assert "--all-runs" in said


def test_words_select_among_the_core():
    runs, said = collected(*CLAIM, "-k", "qwen3")
    assert runs == {"qwen3-switch-grpo"}
    assert "2 runs that are not core (qwen3-switch-dapo, qwen3-switch-grpo-seed2)" in said


def test_all_runs_are_judged_where_they_are_asked_for():
    assert collected(*CLAIM, "--all-runs") == ({*CORE, *OTHERS}, "")


def test_a_run_that_is_named_is_judged():
    runs, said = collected(*CLAIM, "-k", "QWEN3-switch-DAPO or tiny-grpo")
    assert runs == {"qwen3-switch-dapo", "tiny-grpo"}
    assert said == ""


def test_a_name_brings_in_no_run_whose_name_is_longer():
    runs, said = collected(*CLAIM, "-k", "tiny-sft")
    assert runs == {"tiny-sft"}
    assert "1 run that is not core (tiny-sft-prefix)" in said


def test_a_run_is_named_by_the_id_of_a_test():
    assert collected(path=f"suites/property1/{NODE}[tiny-grpo]") == ({"tiny-grpo"}, "")


def test_words_that_select_no_core_run_are_told_those_that_they_select():
    result = session("-k", "dapo")
    assert result.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("ERROR")]
    assert line == (
        "ERROR: -k 'dapo' selects no core run; it selects qwen3-switch-dapo; "
        "name a run to judge it (-k qwen3-switch-dapo), or judge all by --all-runs"
    )


def test_of_a_claim_that_no_core_run_is_about_the_others_are_told():
    # About imitation alone.
    runs, said = collected("-m", "claim(id='P1.7')", "-k", "prefix")
    assert runs == set()
    assert said.startswith("ERROR: -k 'prefix' selects no core run; it selects tiny-sft-prefix; ")


def test_workers_without_a_test_end_in_the_same_error():
    result = session("-n", "1", "-k", "dapo")
    assert result.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "ERROR: -k 'dapo' selects no core run; it selects qwen3-switch-dapo" in result.stdout


def test_a_plan_is_of_the_core():
    result = session(*CLAIM, "--plan")
    assert [f"## {name}" in result.stdout for name in (*CORE, *OTHERS)] == [True] * 2 + [False] * 4
    assert "left out: 4 runs" in result.stdout


def test_tests_of_no_run_stay():
    result = session("-k", "low-rank-of-rl", "--collect-only", "-q", path="suites/paper_tables")
    assert "1/" in result.stdout
    assert "left out" not in result.stdout


def test_a_run_of_the_users_own_is_no_lane(refusal):
    assert "--all-runs: cannot be combined with --run" in refusal("--run", "x", "--all-runs")


def test_runs_of_the_lane_paper_are_all_judged():
    runs, said = collected(*CLAIM, "--lane", "paper", "-k", "qwen3-8b")
    assert runs == {"qwen3-8b-dapo", "qwen3-8b-rlvr"}
    assert said == ""


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("", []),
        ("qwen3-facts-dapo", ["qwen3-facts-dapo"]),
        ("not (A-b or c)and d", ["a-b", "c", "d"]),
        ("test_x[a-b] or order", ["test_x[a-b]", "order"]),
    ],
)
def test_the_words_of_an_expression(keyword, words):
    assert words_of(keyword) == words


def test_names_are_whole_words_or_the_ends_of_ids():
    found = named_runs("a-b or test_x[c-d]", ["suites/property1", "x.py::test_y[e-F]", "g-h"])
    assert {"a-b", "c-d", "e-f"} <= found
    assert found.isdisjoint({"a", "g-h"})


def test_few_names_stand_in_a_line():
    many = [f"run{number}" for number in range(100)]
    assert "100 runs that are not core (run0, run1, run2 and 97 more)" in left_out_line(many)
    assert nothing_core("", ["a", "b"]).startswith("the command line selects no core run; ")
