"""Grading is exact, and untrusted text cannot upset it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.problems import MAX_RESPONSE_CHARS, NANO_FAMILIES, is_correct


@pytest.mark.parametrize("response", ["#95", "7+8=15;3+5+1=9;#95", "anything at all #95", "#95\n"])
def test_right(response: str) -> None:
    assert is_correct(response, "95")


@pytest.mark.parametrize(
    "response",
    [
        "",
        "#",
        "95",
        "#095",
        "# 95",
        "#95x",
        "#95.",
        "#95.0",
        "#9 5",
        "#+95",
        "#-95",
        "#9\n5",
        "#95#96",
        "#95;#96",
        "#95 96",
        "#95 or #96",
        "#95#",
        "#95;",
        "#0x5f",
        "#9_5",
        "#9\x005",
        "#95\x00",
        "#\x0095",
        "#95\x08",
        "#95\x1b[0m",
        "#95\u200b",
        "#\uff19\uff15",  # full-width digits
        "#\u0669\u0665",  # Arabic digits
        "\uff0395",  # a full-width #
        "#" + "0" * 4000 + "95",
        "#" * 4096,
    ],
)
def test_a_near_miss_is_wrong(response: str) -> None:
    assert not is_correct(response, "95")


@pytest.mark.parametrize("filler", ["x", " ", "#", "9", "\x00", "\n"])
def test_an_endless_response_is_wrong_whatever_it_ends_in(filler: str) -> None:
    assert not is_correct(filler * 200_000 + "#95", "95")
    assert not is_correct("#95" + filler * 200_000, "95")


def test_the_longest_response_that_is_read() -> None:
    fits = "x" * (MAX_RESPONSE_CHARS - 3) + "#95"
    assert is_correct(fits, "95")
    assert not is_correct("x" + fits, "95")


def test_leading_zeros_belong_to_a_sorted_answer() -> None:
    assert is_correct("0,529;#0259", "0259")
    assert not is_correct("0,529;#259", "0259")


@given(st.text(max_size=200), st.integers(0, 9999), st.integers(0, 9999))
def test_only_the_very_answer_counts(reasoning: str, answer: int, said: int) -> None:
    assert is_correct(f"{reasoning}#{said}", str(answer)) == (answer == said)


@given(st.text("#95 \nx\x00", max_size=12))
def test_a_right_response_ends_in_the_answer(response: str) -> None:
    assert is_correct(response, "95") == response.rstrip().endswith("#95")


@pytest.mark.parametrize("family", NANO_FAMILIES)
@given(seed=st.integers(0, 2**32))
def test_a_worked_solution_is_right(family: str, seed: int) -> None:
    problem = NANO_FAMILIES[family].draw(np.random.default_rng(seed))
    assert is_correct(problem.worked_solution, problem.answer)
    assert not is_correct(problem.worked_solution, problem.answer + "0")


@pytest.mark.parametrize("tail", ["\x1f", "\x85", "\u3000", "\t", "\x00"])
def test_only_blanks_and_newlines_may_follow(tail) -> None:
    assert is_correct("#95 \n", "95")
    assert not is_correct("#95" + tail, "95")
