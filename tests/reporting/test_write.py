"""A file that cannot be written: the user is told which, and the command fails."""

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting import Session, write_report
from tests.processes import run_command
from tests.scores import session_of


@pytest.fixture
def folder(tmp_path):
    Session(command="pytest", date="2026-01-01", runs={}).save(tmp_path / "report")
    return tmp_path / "report"


# As root, which containers are, no mode of a file forbids to write.
@pytest.mark.parametrize("name", ["report.md", "report.html", "results.json", "junit.xml"])
def test_what_is_in_the_way_is_named(folder, name):
    (folder / name).mkdir()
    with pytest.raises(AlphaRLBenchError, match=f"report folder {folder}: cannot write {name} "):
        write_report(folder)
    assert (folder / name).is_dir()
    assert not list(folder.glob(".*"))


def test_figures_that_cannot_be_written_are_named(synthetic, tmp_path):
    evidence = {synthetic.name: synthetic.evidence({})}
    session_of([synthetic.spec], evidence, {synthetic.name: ["P1.6"]}).save(tmp_path)
    (tmp_path / "figures").write_text("")
    with pytest.raises(AlphaRLBenchError, match="cannot write figures "):
        write_report(tmp_path)


def test_the_command_fails_in_one_line(folder):
    (folder / "report.md").mkdir()
    result = run_command("report", folder)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert f"report folder {folder}: cannot write report.md (Is a directory)" in line
