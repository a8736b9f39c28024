"""A distribution that holds a paper of its own, built and installed as a user's would be."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

ARXIV = "9999.00001"
PAPER = '''
"""A toy paper: its only claim has an id, a place and a curve of 2510.00553's."""

from alpharl_bench.claims import Claim, Curve, PaperRef, Point, Printed, Threshold
from alpharl_bench.papers import Paper
from alpharl_bench.variants import BASE, FULL

CLAIM = Claim(
    id="P1.1",
    title="Every update has a length",
    text="No update is of length zero.",
    paper_ref=PaperRef("9999.00001", "§2, Figure 3a"),
    statistic=lambda m, _: m["norm"],
    threshold=Threshold(low=0),
    formula="mean_m ‖ΔW‖",
    statistic_label="mean norm of the update",
    printed=Printed("7.5", {}),
    curve=Curve("recovery", lambda _: [Point("Base", BASE), Point("Fully trained", FULL)], ""),
    table="spectrum",
)
PAPER = Paper(
    arxiv="9999.00001",
    title="A Toy Paper",
    claims=(CLAIM,),
    package="toy_paper",
    suites="toy_paper",
)
'''
CHAPTERS = '''
"""One chapter, with a section that counts the session's runs."""

from alpharl_bench.reporting.chapters import Chapter
from toy_paper import CLAIM


def runs(session):
    return [f"## What the toy counts\\n\\nRuns of the session: {len(session.runs)}.\\n"]


CHAPTERS = [Chapter("Toy results (§2)", [CLAIM], [runs])]
'''
SUITE = '''
"""The suite of the toy paper, by short ids."""

import pytest

from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="9999.00001")


@pytest.mark.claim(id="P1.1")
def test_every_update_has_a_length(verdict):
    check(verdict)
'''
TABLE = """
title = "Scores"
place = "§2, Table 1"
columns = ["Stage", "score"]

[[blocks]]
rows = [["Half", "0.50"], ["Full", "0.40"]]
"""
STATEMENT = """
[[statement]]
id = "full-beats-half"
quote = "the full toy beats the half"
place = "§2"
known = "contradicted"
note = "Half has more."

[[statement.checks]]
kind = "difference"
table = "table-1"
rows = [["Full", "Half"]]
columns = ["score"]
bound = "> 0"
"""
FILES = {
    "toy_paper/__init__.py": PAPER,
    "toy_paper/chapters.py": CHAPTERS,
    "toy_paper/test_toy.py": SUITE,
    "toy_paper/tables/table-1.toml": TABLE,
    "toy_paper/statements/2-toy.toml": STATEMENT,
}


def install(folder: Path, point: str = "toy_paper:PAPER") -> Path:
    """Install the toy distribution into a folder, by pip from a wheel.

    Args:
        folder: to work in.
        point: what its entry point names.

    Returns:
        The folder to put on ``PYTHONPATH``.
    """
    info = "toy_paper-1.0.dist-info"
    files = {
        **FILES,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: toy-paper\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[alpharl_bench.papers]\ntoy = {point}\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    wheel = folder / "toy_paper-1.0-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    target = folder / "installed"
    options = ("--no-index", "--no-deps", "--quiet", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(wheel)],
        check=True,
    )
    return target
