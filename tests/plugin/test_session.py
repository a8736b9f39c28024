"""The main job itself, by shorter recipes: real training, real scores, with and without xdist."""

import os
import re
from pathlib import Path

import pytest

from alpharl_bench.papers.arxiv_2510_00553.claims import PROPERTY1
from alpharl_bench.reporting import load_session
from tests.plugin.short_recipes import CHECKPOINTS
from tests.processes import run_pytest

# Those of `tox -e bench`: one run of RL, and its contrast.
RUNS = "not slow and (qwen3-switch-dapo or qwen3-switch-sft)"
#: Of every claim on each run that it is about.
VERDICTS = sum(claim.judged_on(kind) for claim in PROPERTY1 for kind in ("RL", "SFT"))
pytestmark = [pytest.mark.slow, pytest.mark.first]


def judge(report, *options):
    result = run_pytest(
        *("suites/property1", "-k", RUNS, "-p", "tests.plugin.short_recipes"),
        *("--questions=16", "--samples=2", f"--report={report}", *options),
    )
    assert "verdicts" in result.stdout, result.stdout + result.stderr
    lines = result.stdout.split(" verdicts ")[1].splitlines()
    return result, sorted(line for line in lines if line.startswith("P1"))


@pytest.fixture(scope="module")
def with_workers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    return folder, *judge(folder, "-v", "-n", "2", f"--junitxml={folder / 'pytest.xml'}")


def test_every_claim_gets_a_verdict_on_every_run(with_workers):
    _, result, verdicts = with_workers
    assert len(verdicts) == VERDICTS
    assert result.returncode in {0, 1}, result.stdout


def test_the_runs_learned_and_the_control_does_what_it_must(with_workers):
    folder, _, verdicts = with_workers
    for run, least in (("qwen3-switch-dapo", 0.2), ("qwen3-switch-sft", 0.1)):
        evidence = load_session(folder).evidence(run)
        assert len(evidence.steps) == CHECKPOINTS
        base, full = (evidence.scores[name].accuracy for name in ("base", "full"))
        assert full > base + least
        assert any(v.startswith(f"P1.1-control on {run}: supported") for v in verdicts)


def test_one_subspace_keeps_much_of_rl_and_little_of_sft(with_workers):
    folder, _, _ = with_workers
    session = load_session(folder)
    kept = {
        run: session.evidence(run).scores["rank-1"].accuracy
        / session.evidence(run).scores["full"].accuracy
        for run in session.runs
    }
    assert kept["qwen3-switch-dapo"] > 0.6 > kept["qwen3-switch-sft"]


def test_every_worker_has_one_run(with_workers):
    _, result, _ = with_workers
    judged = re.findall(r"\[(gw\d)\].*::.*\[(qwen3-switch-\w+)\]", result.stdout)
    assert len(judged) == VERDICTS
    assert len(set(judged)) == 2


def test_the_report_is_written_and_junit_knows_the_verdicts(with_workers):
    folder, _, _ = with_workers
    assert (folder / "report.md").read_text().count("\n### P1.") == len(PROPERTY1)
    assert 'name="verdict"' in (folder / "pytest.xml").read_text()
    assert 'name="P1.1 ' in (folder / "junit.xml").read_text()


def test_without_xdist_scores_and_verdicts_are_the_same(with_workers, tmp_path, monkeypatch):
    folder, _, verdicts = with_workers
    # The same trained runs, but no scores: they are made again, in one process.
    cache = Path(os.environ["ALPHARL_BENCH_CACHE"])
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "runs").symlink_to(cache / "runs")
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path / "cache"))
    _, alone = judge(tmp_path / "report", "-m", "claim(id='P1.1') or claim(id='P1.6')")
    assert alone == [v for v in verdicts if v.startswith(("P1.1 ", "P1.6 "))]
    again, before = (load_session(f) for f in (tmp_path / "report", folder))
    for run in again.runs:
        for variant, score in again.evidence(run).scores.items():
            assert score == before.evidence(run).scores[variant]


def test_the_stored_session_names_its_command(with_workers):
    folder, _, _ = with_workers
    assert "suites/property1" in load_session(folder).command
