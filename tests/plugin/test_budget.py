"""`--budget`: the claims of the first page are judged first, and what is left is said."""

import pytest

from alpharl_bench.reporting import load_session
from tests.models import learned_run
from tests.processes import run_pytest

JUDGED = ("P1.4-best", "P1.2-rank", "P1.1", "P1.6")


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    run, base = learned_run(tmp_path_factory.mktemp("learned"))
    asked = ("--tasks=addition", "--questions=20", "--samples=1", "--max-samples=3")
    chosen = " or ".join(f"claim(id='{claim}')" for claim in JUDGED)
    return ("suites/property1", f"--run={run}", f"--base={base}", *asked, "-m", chosen)


def judge(command, folder, *options):
    result = run_pytest(
        *command, f"--report={folder / 'report'}", *options, ALPHARL_BENCH_CACHE=folder / "cache"
    )
    assert result.returncode in {0, 1}, result.stdout + result.stderr
    session = load_session(folder / "report")
    claims = {c.partition(":")[2]: n for c, n in session.runs["run"].claims.items()}
    return result, session, claims


def test_what_time_is_not_enough_for_is_left_and_said_and_is_judged_another_time(command, tmp_path):
    # Nothing is known before the first claim, which takes longer than that.
    result, session, claims = judge(command, tmp_path, "--budget=1s")
    assert {c: n for c, n in claims.items() if n} == {"P1.1": 1}
    assert "P1.6" in claims  # of weights alone
    left = [line for line in result.stdout.splitlines() if line.startswith("left: ")]
    assert [line.split()[1] for line in left] == ["P1.1", "P1.2-rank", "P1.4-best"]
    assert "P1.1 on run is open; its analysis 2 takes about" in left[0]
    assert "of --budget 1 s nothing is left" in left[1]
    assert session.left == tuple(line.removeprefix("left: ") for line in left)
    page = (tmp_path / "report" / "report.md").read_text()
    assert "**The budget was not enough for all claims:**" in page
    assert all(f"- {line}" in page for line in session.left)

    # What is there takes no time: a second session goes on from it.
    result, session, claims = judge(command, tmp_path, "--budget=1h")
    assert set(claims) == set(JUDGED)
    assert session.left == ()
    assert "left: " not in result.stdout
    result, _, again = judge(command, tmp_path, "--budget=1s")
    assert again == claims
    assert "left: " not in result.stdout


@pytest.mark.parametrize("text", ["1", "h", "0s", "-1h", "1m1h", ""])
def test_a_time_is_typed_with_its_unit(text):
    result = run_pytest("suites/property1", "-k", "qwen3-facts-grpo", f"--budget={text}")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "is no time; type it as 90s, 45m or 1h30m" in result.stdout + result.stderr
