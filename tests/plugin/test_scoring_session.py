"""Sessions that score: gated questions stay hidden, samples are added, a kill costs nothing."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from alpharl_bench.reporting import load_session
from tests.benchmark_data import OWN
from tests.byte_model import write_byte_pair
from tests.plugin.test_run_option import BASE, learned, run  # noqa: F401  (fixtures)
from tests.processes import ROOT, run_pytest

pytestmark = pytest.mark.first


def command(*options):
    return [sys.executable, "-m", "pytest", "suites/property1", "-p", "no:cacheprovider", *options]


def judge(cache, *options):
    return run_pytest("suites/property1", *options, ALPHARL_BENCH_CACHE=cache)


def test_questions_of_a_gated_set_are_in_no_log_and_no_report(tmp_path):
    base, checkpoint = write_byte_pair(tmp_path)
    result = judge(
        tmp_path / "cache",
        *(f"--run={checkpoint}", f"--base={base}", f"--report={tmp_path / 'report'}"),
        # Too few to tell whether it learned: the report has all of its tables.
        *("--tasks=gpqa", f"--data-dir={OWN}", "--questions=3", "--samples=2", "--max-tokens=16"),
        *("-m", "claim(id='P1.1')", "-vv", "-o", "log_cli=true", "-o", "log_cli_level=DEBUG"),
    )
    report = tmp_path / "report"
    assert (report / "report.md").is_file(), result.stdout + result.stderr
    kept = [*report.rglob("*"), *(tmp_path / "cache" / "scores").rglob("*")]
    texts = {str(p): p.read_text(errors="replace") for p in kept if p.is_file()}
    texts |= {"stdout": result.stdout, "stderr": result.stderr}
    assert len(texts) > 8
    rows = [json.loads(line) for line in (OWN / "gpqa.jsonl").read_text().splitlines()]
    secrets = [part for row in rows for part in (row["question"], row["answer"], *row["wrong"])]
    for place, text in texts.items():
        for secret in secrets:
            # Short answers such as '4' stand in many places by chance.
            assert len(secret) < 12 or secret not in text, f"{secret!r} in {place}"
    assert sum(len(secret) >= 12 for secret in secrets) >= len(rows)
    (origin,) = {s.provenance.tasks for s in load_session(report).scores}
    assert origin == ("gpqa",)
    assert "mean@2 / pass@2 / maj@2 per task" in (report / "report.md").read_text()
    typed = "--tasks gpqa --questions 3 --samples 2 --seed 0 --prompt chat --max-tokens 16"
    assert f"{typed} --data-dir {OWN}" in (report / "report.md").read_text()


def test_samples_are_added_until_the_budget_is_spent(learned, tmp_path):  # noqa: F811
    mine, base = learned
    options = (f"--run={mine}", f"--base={base}", "--tasks=addition,modulo", "--questions=10")
    options = (*options, "--samples=1", "-m")
    result = judge(
        tmp_path / "cache",
        *options,
        *(
            "claim(id='P1.5-peak') or claim(id='P1.6')",
            f"--report={tmp_path / 'more'}",
            "--until-decided",
            "--max-samples=3",
        ),
    )
    assert "report: " in result.stdout, result.stdout + result.stderr
    session = load_session(tmp_path / "more")
    # Scales about 1 are as good as each other; the modules are what they are.
    assert session.runs[mine.name].claims == {
        "2510.00553:P1.5-peak": 3,
        "2510.00553:P1.6": 0,
    }
    assert session.runs[mine.name].interim_analyses == 3
    evidence = session.evidence(mine.name, "P1.5-peak")
    assert evidence.samples == 3
    report = (tmp_path / "more" / "report.md").read_text()
    assert "--max-samples 3 --until-decided" in report
    # The first sample of each question is that of a session without further looks.
    judge(tmp_path / "other", *options, "claim(id='P1.1')", f"--report={tmp_path / 'once'}")
    once = load_session(tmp_path / "once").evidence(mine.name)
    assert {"base", "full", "rank-1"} < once.scores.keys()
    for variant, score in once.scores.items():
        assert evidence.scores[variant].first(1).marks == score.marks


def test_a_killed_session_keeps_what_it_scored_and_ends_as_one_that_was_not(learned, tmp_path):  # noqa: F811
    mine, base = learned
    options = (f"--run={mine}", f"--base={base}", "--tasks=addition,modulo", "--questions=10")
    options = (*options, "--samples=2", "-m", "claim(id='P1.2-rank')")
    cache = tmp_path / "cache"
    process = subprocess.Popen(
        command(*options, f"--report={tmp_path / 'killed'}"),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ALPHARL_BENCH_CACHE": str(cache)},
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while len(list((cache / "scores").glob("*/*.json"))) < 3:
        assert process.poll() is None, "ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (cache / "scores").glob("*/*.json")
    }
    assert 3 <= len(before) < 9
    assert not (tmp_path / "killed").exists()
    judge(cache, *options, f"--report={tmp_path / 'resumed'}")
    for path, (content, changed) in before.items():
        assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)
    judge(tmp_path / "fresh", *options, f"--report={tmp_path / 'whole'}")
    resumed, whole = (load_session(tmp_path / n).evidence(mine.name) for n in ("resumed", "whole"))
    assert resumed.scores == whole.scores
    assert len(resumed.scores) == 9
    assert {len(marks) for score in resumed.scores.values() for marks in score.marks} == {2}


def judge_offline(cache, *options):
    # The Hub's library reads whether it may ask when it is imported: a Python that starts anew.
    return subprocess.run(
        command("--tasks=aime24,gpqa", f"--base={BASE}", *options),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ALPHARL_BENCH_CACHE": str(cache), "HF_HUB_OFFLINE": "1"},
    )


def test_questions_that_cannot_be_had_are_said_once_and_before_anything_runs(tmp_path):
    result = judge_offline(tmp_path, f"--run={BASE}")
    assert result.returncode == 4
    assert result.stderr.count("task 'aime24': https://huggingface.co/datasets/Maxwell-Jia") == 1
    assert "or name a folder with aime24.jsonl by --data-dir" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_a_claim_about_modules_needs_no_questions(run, tmp_path):  # noqa: F811
    options = (f"--run={run}", "-m", "claim(id='P1.6')", f"--report={tmp_path / 'r'}")
    result = judge_offline(tmp_path, *options)
    assert f"P1.6 on {run.name}: supported" in result.stdout, result.stdout + result.stderr
    assert (tmp_path / "r" / "report.md").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tasks=math5"], "--tasks math5: unknown task 'math5'; did you mean 'math500'?"),
        (["--tasks=nano,aime24"], "arithmetic and benchmarks are asked in different ways"),
        (["--data-dir=docs"], "--data-dir docs: arithmetic is made here"),
        (["--data-dir=nowhere"], "--data-dir: 'nowhere' is not there"),
        (["--tasks=aime24", "--data-dir=docs"], "aime24.jsonl cannot be read"),
        (["--max-samples=8"], "--max-samples 8: requires --until-decided"),
        (["--until-decided", "--max-samples=5"], "allows no second analysis with 4 samples each"),
        (["--temperature=0"], "--temperature: '0' is not a number above 0"),
        (["--engine=sglang"], "invalid choice: 'sglang'"),
        (["--prompt=story"], "invalid choice: 'story'"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_runs(tmp_path, options, message):
    result = judge(tmp_path, *options)
    assert result.returncode == 4
    assert message in result.stderr
    assert "Traceback" not in result.stderr
