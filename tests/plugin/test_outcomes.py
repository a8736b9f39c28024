"""Verdicts as outcomes, in a session within this one, with synthetic verdicts on the zoo's runs."""

import pytest

from alpharl_bench.plugin import options

CONFTEST = """
import os
import pytest
from alpharl_bench.claims import Interval, Learning, Outcome, Verdict
from alpharl_bench.plugin.collection import claim_of
from alpharl_bench.plugin.outcomes import note, note_did_not_learn
from alpharl_bench.errors import AlphaRLBenchError

pytest_plugins = ["alpharl_bench.plugin"]

@pytest.fixture(scope="session")
def bench(request):
    return request.param

@pytest.fixture
def verdict(request, bench):
    outcome = os.environ["OUTCOME"]
    if outcome == "mistake":
        raise AlphaRLBenchError("checkpoint-5: a shard is missing")
    if outcome == "nothing learned":
        gain = Interval(0.01, -0.02, 0.04)
        accuracies = Interval(0.3, 0.2, 0.4), Interval(0.31, 0.2, 0.4)
        note_did_not_learn(request.node, bench.name, Learning(*accuracies, gain, 0.95))
    v = Verdict(claim_of(request.node), bench.name, Outcome(outcome), Interval(0.9, 0.8, 0.99),
                150, 600, samples_needed=4321, kind=os.environ.get("KIND", "RL"))
    note(request.node, v)
    return v
"""
SUITE = """
import pytest
from alpharl_bench.plugin import check

@pytest.mark.claim(id="{claim}")
def test_a_claim(verdict):
    check(verdict)
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    pytester.makeconftest(CONFTEST)
    # Two runs of the zoo are enough here.
    of_lane, two = options.run_specs, {"qwen3-facts-dapo", "qwen3-facts-grpo"}
    monkeypatch.setattr(
        options,
        "run_specs",
        lambda lane, registry: [spec for spec in of_lane(lane, registry) if spec.name in two],
    )

    def run(outcome, *words, claim="P1.2-rank"):
        pytester.makepyfile(test_suite=SUITE.format(claim=claim))
        monkeypatch.setenv("OUTCOME", outcome)
        # A report would need real scores.
        return pytester.runpytest_inprocess(*words, "--all-runs", "-p", "no:alpharl-bench-report")

    return run


def test_a_supported_claim_passes_once_per_run(suite):
    result = suite("supported", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines_random(
        ["*test_a_claim?qwen3-facts-dapo? PASSED*", "*test_a_claim?qwen3-facts-grpo? PASSED*"]
    )
    assert result.ret == 0


def test_a_refuted_claim_fails_in_one_line(suite):
    result = suite("refuted", "-k", "dapo")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(
        ["P1.2-rank on qwen3-facts-dapo: refuted (*0.900 [[]0.800, 0.990]*"]
    )
    assert "Traceback" not in result.stdout.str()
    assert "def test_a_claim" not in result.stdout.str()
    assert result.ret == 1


def test_an_inconclusive_claim_has_its_own_name_and_counts_as_neither(suite):
    result = suite("inconclusive", "-v", "-rs")
    result.stdout.fnmatch_lines(["*INCONCLUSIVE*"])
    result.stdout.re_match_lines([".*2 inconclusive"])
    assert "passed" not in result.stdout.lines[-1]
    assert "skipped" not in result.stdout.lines[-1]
    assert result.ret == 0


def test_a_claim_whose_null_passes_too_is_neither_passed_nor_failed(suite):
    result = suite("not informative", "-v", "-rs")
    result.stdout.fnmatch_lines(["*NOT INFORMATIVE (P1.2-*"])
    result.stdout.re_match_lines([".*2 not informative"])
    assert "passed" not in result.stdout.lines[-1]
    assert "skipped" not in result.stdout.lines[-1]
    assert result.ret == 0


def test_a_known_refutation_is_an_expected_failure(suite):
    result = suite("refuted", "-rx", claim="P1.1")
    result.assert_outcomes(xfailed=2)
    result.stdout.fnmatch_lines(["*Rank-1 keeps 0.* of the accuracy*"])
    assert result.ret == 0


def test_a_known_refutation_that_is_supported_fails(suite):
    result = suite("supported", claim="P1.1")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*XPASS(strict)*"])
    assert result.ret == 1


def test_strict_fails_known_refutations_too(suite):
    result = suite("refuted", "--strict", claim="P1.1")
    result.assert_outcomes(failed=2)
    assert result.ret == 1


def test_a_known_refutation_hides_no_other_error(suite):
    result = suite("mistake", claim="P1.1")
    result.assert_outcomes(errors=2)
    assert "Traceback" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*checkpoint-5: a shard is missing"])


def test_an_unknown_claim_is_one_line_with_the_nearest_name(suite):
    result = suite("supported", claim="P1.2-ranks")
    result.stdout.fnmatch_lines(["*unknown claim 'P1.2-ranks'; did you mean 'P1.2-rank'?*"])
    assert "Traceback" not in result.stdout.str()
    assert result.ret != 0


def test_a_refutation_on_another_kind_of_run_is_a_contrast_and_no_failure(suite, monkeypatch):
    monkeypatch.setenv("KIND", "SFT")
    result = suite("refuted", "-v", "-k", "dapo")
    result.stdout.fnmatch_lines(["*REFUTED FOR CONTRAST*"])
    result.stdout.re_match_lines([".*1 for contrast"])
    assert "passed" not in result.stdout.lines[-1]
    assert result.ret == 0


def test_support_on_another_kind_of_run_does_not_count_as_support(suite, monkeypatch):
    monkeypatch.setenv("KIND", "DPO")
    result = suite("supported", "-v", "-k", "dapo")
    result.stdout.fnmatch_lines(["*SUPPORTED FOR CONTRAST*"])
    assert "passed" not in result.stdout.lines[-1]


@pytest.mark.parametrize("claim", ["P1.2-rank", "P1.1"], ids=["any", "known to be refuted"])
def test_no_claim_is_judged_on_a_run_that_did_not_learn(suite, claim):
    result = suite("nothing learned", "-rs", "-k", "dapo", claim=claim)
    result.assert_outcomes(skipped=1, deselected=1)
    result.stdout.fnmatch_lines(
        ["*qwen3-facts-dapo did not learn: base accuracy 0.300*fully trained 0.310*"]
    )
    assert result.ret == 0


def test_a_claim_about_other_kinds_than_the_runs_is_skipped_with_the_reason(suite):
    result = suite("supported", "-rs", claim="P1.7")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*P1.7 is about SFT, distillation: no such run is here*"])
