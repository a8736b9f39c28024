"""Readings as tests, in a pytest of its own with invented ones."""

import pytest

from tests.processes import run_pytester

CONFTEST = """
from alpharl_bench.printed import PaperCheck
from alpharl_bench.printed.finding import Finding
from alpharl_bench.plugin import paper_checks

def reading(id, known, *holds):
    findings = tuple(Finding(f"{id} {n}: 1 + 1 = {3 - h}, = 2", h) for n, h in enumerate(holds))
    return PaperCheck(id, f"sentence {id}", "§1", known, findings, note="Why so.")

paper_checks._SOURCES["paper_statement"] = lambda folder: [
    reading("fine", "consistent", True, True),
    reading("erratum", "contradicted", True, False),
    reading("new", "consistent", False),
    reading("gone", "contradicted", True),
    reading("slip", "editorial slip", False),
    reading("open", "depends on a reading", True, False),
    reading("mended", "editorial slip", True),
    reading("nowhere", "not printed"),
]
pytest_plugins = ["alpharl_bench.plugin"]
"""
SUITE = """
from alpharl_bench.plugin import check_printed

def test_a_sentence(paper_statement):
    check_printed(paper_statement)
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    """No cache is asked for: there cannot be one where the environment names it."""
    (pytester.path / "file").write_text("")
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(pytester.path / "file" / "cache"))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_suite=SUITE)
    return lambda *options: run_pytester(pytester, *options)


def test_known_errata_are_expected_and_new_ones_fail(suite):
    result = suite("-rxs")
    result.assert_outcomes(passed=1, xfailed=1, failed=3, skipped=3)
    result.stdout.fnmatch_lines_random(
        [
            "XFAIL *erratum* - erratum 1: 1 + 1 = 3, = 2. Why so.",
            "*§1: “sentence new”, contradicted: new 0: 1 + 1 = 3, = 2",
            "*XPASS(strict)* gone 0: 1 + 1 = 2, = 2. Why so.",
            "*“sentence mended”, consistent: *; it is known as 'editorial slip'",
            "SKIPPED*§1: “sentence slip”, editorial slip: slip 0: 1 + 1 = 3, = 2",
            "SKIPPED*§1: “sentence open”, depends on a reading: open 1: 1 + 1 = 3, = 2",
            "SKIPPED*§1: “sentence nowhere”, not printed: Why so.",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_with_strict_every_contradiction_fails(suite):
    suite("--strict").assert_outcomes(passed=2, failed=3, skipped=3)
