"""Sessions that a signal ends: the partial report is written, and no worker is left."""

import signal

import psutil
import pytest

from alpharl_bench.reporting import load_session
from tests.plugin.test_run_option import BASE, run  # noqa: F401  (a fixture)
from tests.processes import run_pytest

pytestmark = pytest.mark.first


@pytest.mark.parametrize(
    ("number", "workers"),
    [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGTERM, 1)],
)
def test_a_signal_leaves_a_partial_report_and_no_worker(run, tmp_path, number, workers):  # noqa: F811
    result = run_pytest(
        *("suites/property1", "-p", "tests.plugin.ending", f"-n{workers}"),
        *(f"--run={run}", f"--base={BASE}", f"--report={tmp_path / 'report'}"),
        *("-m", "claim(id='P1.6') or claim(id='P1.8')"),
        ENDING=int(number),
        WORKER=tmp_path / "worker",
    )
    assert result.returncode == pytest.ExitCode.INTERRUPTED, result.stdout + result.stderr
    assert "interrupted; no half-written file is left" in result.stdout
    session = load_session(tmp_path / "report")
    assert session.interrupted
    assert len(session.runs[run.name].claims) == 1
    assert "The session was interrupted" in (tmp_path / "report" / "report.md").read_text()
    worker = int((tmp_path / "worker").read_text())
    assert not psutil.pid_exists(worker) or psutil.Process(worker).status() == "zombie"


def test_an_error_of_the_disk_is_one_line_of_the_test_that_met_it(run, tmp_path):  # noqa: F811
    result = run_pytest(
        *("suites/property1", "-p", "tests.plugin.full_disk", "-m", "claim(id='P1.6')"),
        *(f"--run={run}", f"--base={BASE}", f"--report={tmp_path / 'report'}"),
        ALPHARL_BENCH_CACHE=tmp_path / "cache",
    )
    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout + result.stderr
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("test_")]
    assert f"{tmp_path / 'cache'}" in line
    assert "No space left on device; make room on this disk, or name another" in line
    assert line.endswith("the same command goes on from there")
    assert "Traceback" not in result.stdout + result.stderr
    assert [p for p in (tmp_path / "cache").rglob(".*") if p.suffix != ".lock"] == []
