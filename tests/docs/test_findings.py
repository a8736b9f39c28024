"""The results in the documents are those of the committed reports."""

import re

import pytest

from alpharl_bench.reporting.results import Bounds
from benchmarks.findings import FINDINGS, ROOT, documents, number, pooled, report, written

NAMES = re.compile(r"<!-- findings: ([\w-]+) -->")


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_a_document_has_what_its_reports_say(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert written(text) == text, "run `python -m benchmarks.findings`"


def test_every_table_stands_somewhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in documents()]
    assert {name for text in texts for name in NAMES.findall(text)} == FINDINGS.keys()
    assert ROOT / "README.md" in documents()


def test_another_number_in_a_document_is_noticed() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    value = number(pooled("sample", "P1.1", "bases of carry").value)
    assert value in text
    wrong = text.replace(value, "0.999 [0.998, 1.000]")
    assert written(wrong) == text


def test_a_number_has_an_interval_where_there_is_one() -> None:
    assert number(Bounds(estimate=0.5, low=None, high=None)) == "0.500"
    assert number(Bounds(estimate=0.5, low=0.25, high=0.75)) == "0.500 [0.250, 0.750]"
    assert number(None) == "–"


def test_a_verdict_of_the_reports_by_hand() -> None:
    """145 of Rank-1's answers are right, and 168 of the trained model's."""
    (found,) = [
        v for v in report("smollm2").verdicts if (v.claim, v.run) == ("P1.1", "smollm2-warm-dapo")
    ]
    assert (found.outcome, found.value.estimate) == ("refuted", pytest.approx(145 / 168))
