from pathlib import Path

from alpharl_bench.papers import find_paper
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import FOLDER
from alpharl_bench.printed import read_averages, read_statements
from alpharl_bench.reporting.paper import errata, section

DOCUMENT = Path(__file__).parents[2] / "docs" / "paper.md"


def contradicted(readings):
    return [reading for reading in readings if reading.outcome == "contradicted"]


def test_every_erratum_is_listed_with_its_arithmetic():
    text = errata()
    statements, averages = (
        contradicted(read_statements(FOLDER)),
        contradicted(read_averages(FOLDER)),
    )
    assert statements
    assert averages
    for reading in (*statements, *averages):
        (line,) = [
            line
            for line in text.splitlines()
            if line.startswith(f"- {reading.place}: ") and reading.text in line
        ]
        assert reading.arithmetic in line
        assert reading.note in line
    assert f"{len(statements)} contradicted" in text
    assert f"Averages: {75 - len(averages)} consistent, {len(averages)} contradicted" in text


def test_what_is_consistent_is_not_listed():
    text = errata()
    for reading in read_statements(FOLDER):
        if reading.outcome == "consistent":
            assert f"“{reading.text}”." not in text


def test_a_reports_section_has_a_row_for_every_sentence():
    (text,) = section(find_paper("2510.00553"))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(contradicted(read_statements(FOLDER)))
    assert any("48.52 / 50.82 = 0.9547" in row for row in rows)


def test_the_document_is_what_the_command_prints():
    assert errata() in DOCUMENT.read_text(encoding="utf-8")
