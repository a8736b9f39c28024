"""A paper of another distribution is judged beside 2510.00553, and nothing of the two meets."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.byte_model import write_byte_pair
from tests.papers.toy import ARXIV, install
from tests.processes import path_of, run_command, run_pytest
from tests.scores import stored_session

HOME, TOY = "2510.00553:P1.1", f"{ARXIV}:P1.1"


def typed(installed: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """The command where a distribution is installed."""
    return run_command(*words, PYTHONPATH=path_of(installed))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def judged(installed: Path, tmp_path_factory: pytest.TempPathFactory):
    """A session that judges P1.1 of both papers on one run."""
    folder = tmp_path_factory.mktemp("session")
    base, checkpoint = write_byte_pair(folder)
    report = folder / "report"
    result = run_pytest(
        *("suites/property1", "--pyargs", "toy_paper"),
        *("-m", "claim(id='P1.1')", f"--run={checkpoint}", f"--base={base}", f"--report={report}"),
        *("--tasks=addition", "--questions=3", "--samples=1", "--max-tokens=4"),
        PYTHONPATH=path_of(installed),
    )
    assert (report / "report.md").is_file(), result.stdout + result.stderr
    return result, report


def test_each_claim_has_its_own_verdict(judged) -> None:
    result, report = judged
    lines = result.stdout.split(" verdicts ")[1].splitlines()
    assert {line.split(" on ")[0] for line in lines if " on " in line} == {HOME, TOY}
    session = stored_session(report)
    (record,) = session["runs"].values()
    assert record["claims"].keys() == {HOME, TOY}
    results = json.loads((report / "results.json").read_text())
    verdicts = {v["claim"]: v for v in results["verdicts"]}
    assert verdicts.keys() == results["claims"].keys() == {HOME, TOY}
    assert (results["claims"][TOY]["units"], verdicts[TOY]["outcome"]) == ("modules", "measured")
    assert results["claims"][HOME]["units"] == "questions"
    assert results["claims"][TOY]["paper"] == ARXIV
    # A fact of a run is in no family, and papers are different questions.
    assert verdicts[TOY]["p_adjusted"] is None
    assert verdicts[HOME]["p_adjusted"] == pytest.approx(verdicts[HOME]["p"])
    suites = ET.parse(report / "junit.xml").getroot()  # noqa: S314  (written here)
    assert sorted(suite.get("name").split()[0] for suite in suites) == [HOME, TOY]


def test_the_report_has_a_part_for_each_paper(judged) -> None:
    _, report = judged
    text = (report / "report.md").read_text()
    parts = re.split(r"^# ", text, flags=re.MULTILINE)[2:]
    assert [part.splitlines()[0] for part in parts] == [
        "*On Predictability of Reinforcement Learning Dynamics for LLMs* (arXiv 2510.00553)",
        f"*A Toy Paper* (arXiv {ARXIV})",
        "All papers",
    ]
    home, toy, _ = parts
    assert f"### {HOME} " in home
    assert "## Property 1: Rank-1 Dominance (§2)" in home
    assert "Toy" not in home
    assert toy.index("## Toy results (§2)") < toy.index(f"### {TOY} Every update has a length")
    assert "Runs of the session: 1." in toy
    assert "Property 1" not in toy
    assert "the full toy beats the half" in toy
    assert f"`alpharl-bench paper {ARXIV}` lists all" in toy
    assert "pytest -p alpharl_bench.plugin --pyargs toy_paper -m \"claim(id='P1.1')\"" in toy
    page = (report / "report.html").read_text()
    for heading in (f"{HOME} Rank-1", f"{TOY} Every update", "Toy results (§2)"):
        assert page.count(heading) >= 2, heading  # in the contents, and above its section


def test_two_figures_3_never_meet(judged) -> None:
    _, report = judged
    text = (report / "report.md").read_text()
    home, toy = (
        part.split("\n## ")[0] for part in text.split("## The paper's figures and tables")[1:]
    )
    rows = [re.findall(r"^\| Figure 3a +\|(.*)$", part, re.MULTILINE) for part in (home, toy)]
    assert [len(found) for found in rows] == [1, 1]
    assert [cell.strip() for cell in rows[1][0].split("|")[:2]] == ["P1.1", "–"]
    assert rows[0][0].split("|")[0].strip() == "P1.1"
    assert "Figure 1" in home
    assert "Figure 1" not in toy
    figures = sorted(path.stem for path in (report / "figures").iterdir())
    assert figures == ["2510.00553-recovery", f"{ARXIV}-recovery", "gains"]
    for figure in figures:
        assert f"(figures/{figure}." in text


def test_the_stored_session_is_read_again_and_compared(judged, installed: Path) -> None:
    _, report = judged
    compared = typed(installed, "compare", report, report)
    assert "2 verdicts" in compared.stdout, compared.stdout + compared.stderr
    # Where the paper is not installed, the session says what is missing.
    lone = run_command("report", report)
    assert lone.returncode == 2
    assert f"judged {TOY}, which" in lone.stderr
    assert len(lone.stderr.splitlines()) == 1


FIND = """
from alpharl_bench.papers import find_claim
for name, paper in {}:
    print(find_claim(name, paper).qualified_id)
"""


def test_a_short_id_of_two_papers_is_an_error_that_names_both(installed: Path) -> None:
    asked = [("P1.1", ARXIV), (TOY, None), ("P1.2-rank", None), ("P1.1", None)]
    found = subprocess.run(
        [sys.executable, "-c", FIND.format(asked)],
        env={**os.environ, "PYTHONPATH": path_of(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == [TOY, TOY, "2510.00553:P1.2-rank"], found.stderr
    assert f"is {HOME} and {TOY}" in found.stderr.splitlines()[-1]


def test_the_check_of_the_named_paper_is_printed(installed: Path) -> None:
    printed = typed(installed, "paper", ARXIV).stdout
    assert "“the full toy beats the half”" in printed
    assert "0.40 − 0.50" in printed
    unknown = typed(installed, "paper", "9999.00002").stderr
    assert f"did you mean '{ARXIV}'?" in unknown


def test_a_broken_entry_point_is_one_line_with_its_distribution(tmp_path: Path) -> None:
    broken = install(tmp_path, point="toy_paper:ABSENT")
    result = typed(broken, "paper")
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    for part in ("distribution 'toy-paper'", "toy = toy_paper:ABSENT", "AttributeError"):
        assert part in line
