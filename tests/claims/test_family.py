"""Holm's correction by hand."""

import pytest

from alpharl_bench.claims import Outcome, Verdict, holm
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS


def verdict(claim: str, run: str, p: float) -> Verdict:
    return Verdict(CLAIMS[claim], run, Outcome.SUPPORTED, None, 30, 4, p_value=p)


def test_holm_by_hand() -> None:
    family = [
        verdict("P1.1", "a", 0.01),
        verdict("P1.1", "b", 0.04),
        verdict("P1.3", "a", 0.03),
        verdict("P1.3", "b", 0.005),
    ]
    # In order 0.005 · 4, 0.01 · 3, 0.03 · 2, and 0.04 · 1, which is not less than the one before.
    assert holm(family) == pytest.approx(
        {
            ("2510.00553:P1.1", "a"): 0.03,
            ("2510.00553:P1.1", "b"): 0.06,
            ("2510.00553:P1.3", "a"): 0.06,
            ("2510.00553:P1.3", "b"): 0.02,
        }
    )


def test_what_could_not_be_judged_counts_in_the_family() -> None:
    family = [verdict("P1.1", "a", 0.02), verdict("P1.3", "a", 1), verdict("P1.7", "a", 1)]
    assert list(holm(family).values()) == pytest.approx([0.06, 1, 1])


def test_a_fact_of_a_run_is_in_no_family() -> None:
    family = [verdict("P1.1", "a", 0.02), verdict("P1.6", "a", 1), verdict("P2.1", "a", 1)]
    assert holm(family) == pytest.approx({("2510.00553:P1.1", "a"): 0.02})


def test_no_verdicts_no_family() -> None:
    assert holm([]) == {}
