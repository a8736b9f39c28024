"""Sessions that score: gated questions stay hidden, samples are added, a kill costs nothing."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from alpharl_bench.reporting import load_session
from tests.benchmark_data import OWN
from tests.byte_model import write_byte_pair
from tests.plugin.test_run_option import BASE, learned, run  # noqa: F401  (fixtures)
from tests.processes import run_pytest

pytestmark = pytest.mark.first


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


def once(learned):  # noqa: F811
    """Options that ask thirty questions of two tasks a single time, of nine variants and more."""
    folder, base = learned
    asked = ("--tasks=addition,modulo", "--questions=30", "--samples=1")
    return (f"--run={folder}", f"--base={base}", *asked, "-m", "claim(id='P1.2-rank')")


@pytest.fixture(scope="module")
def asked_once(learned, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("once")
    judge(folder / "cache", *once(learned), f"--report={folder / 'report'}")
    return folder / "report"


def test_samples_are_added_until_the_budget_is_spent(learned, asked_once, tmp_path):  # noqa: F811
    mine, _ = learned
    result = judge(
        tmp_path / "cache",
        *once(learned)[:-1],
        *(
            "claim(id='P1.5-peak') or claim(id='P1.6')",
            f"--report={tmp_path / 'more'}",
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
    assert len(session.runs[mine.name].planned) == 3
    evidence = session.evidence(mine.name, "P1.5-peak")
    assert evidence.samples == 3
    report = (tmp_path / "more" / "report.md").read_text()
    assert "--max-samples 3" in report
    # The first sample of each question is that of a session without further looks.
    scores = load_session(asked_once).evidence(mine.name).scores
    both = scores.keys() & evidence.scores.keys()
    assert {"base", "full", "rank-1"} <= both
    for variant in both:
        assert evidence.scores[variant].first(1).marks == scores[variant].marks


def test_a_killed_session_keeps_what_it_scored_and_ends_as_one_that_was_not(
    learned,  # noqa: F811
    asked_once,
    tmp_path,
):
    mine, _ = learned
    cache = tmp_path / "cache"
    options = (*once(learned), f"--report={tmp_path / 'report'}")
    killed = judge(cache, *options, "-p", "tests.plugin.killed")
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    before = {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (cache / "scores").glob("*/*.json")
    }
    assert 3 <= len(before) < 9
    assert not (tmp_path / "report").exists()
    judge(cache, *options)
    for path, (content, changed) in before.items():
        assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)
    resumed, whole = (
        load_session(f).evidence(mine.name) for f in (tmp_path / "report", asked_once)
    )
    assert resumed.scores == whole.scores
    assert len(resumed.scores) > len(before)
    assert {len(marks) for score in resumed.scores.values() for marks in score.marks} == {1}


def test_two_sessions_on_one_cache_share_the_scores_of_a_run(
    learned,  # noqa: F811
    asked_once,
    tmp_path,
):
    mine, _ = learned

    def session(name):
        return run_pytest(
            *("suites/property1", *once(learned), "-p", "tests.plugin.noted"),
            f"--report={tmp_path / name}",
            ALPHARL_BENCH_CACHE=tmp_path / "cache",
            NOTED=tmp_path / f"{name}.txt",
        )

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(session, ("one", "other")))
    notes = [file for name in ("one", "other") if (file := tmp_path / f"{name}.txt").is_file()]
    made = [line for file in notes for line in file.read_text().splitlines()]
    assert len(made) == len(set(made)) >= 9, done[0].stdout + done[0].stderr
    whole = load_session(asked_once).evidence(mine.name)
    for name in ("one", "other"):
        assert load_session(tmp_path / name).evidence(mine.name).scores == whole.scores


def judge_offline(cache, *options):
    offline = ("-p", "tests.plugin.offline")
    return judge(cache, *offline, "--tasks=aime24,gpqa", f"--base={BASE}", *options)


def test_questions_that_cannot_be_had_are_said_once_and_before_anything_runs(tmp_path):
    result = judge_offline(tmp_path, f"--run={BASE}")
    assert result.returncode == 4
    assert result.stderr.count("task 'aime24': https://huggingface.co/datasets/Maxwell-Jia") == 1
    assert "or name a folder with aime24.jsonl by --data-dir" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_a_claim_about_modules_needs_no_questions(run, tmp_path):  # noqa: F811
    options = (f"--run={run}", "-m", "claim(id='P1.6')", f"--report={tmp_path / 'r'}")
    result = judge_offline(tmp_path, *options)
    assert f"P1.6 on {run.name}: measured" in result.stdout, result.stdout + result.stderr
    assert (tmp_path / "r" / "report.md").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tasks=math5"], "--tasks math5: unknown task 'math5'; did you mean 'math500'?"),
        (["--tasks=nano,aime24"], "arithmetic and benchmarks are asked in different ways"),
        (["--data-dir=docs"], "--data-dir docs: arithmetic is made here"),
        (["--data-dir=nowhere"], "--data-dir: 'nowhere' is not there"),
        (["--tasks=aime24", "--data-dir=docs"], "aime24.jsonl cannot be read"),
        (["--max-samples=1"], "fewer than the 2 samples of one analysis"),
        (["--temperature=0"], "--temperature: '0' is not a number above 0"),
        (["--engine=sglang"], "invalid choice: 'sglang'"),
        (["--prompt=story"], "invalid choice: 'story'"),
    ],
)
def test_a_wrong_option_is_refused(refusal, options, message):
    assert message in refusal(*options)
