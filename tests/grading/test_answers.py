"""The final answer of a response, by hand; and hostile text, in time that grows with its length."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpharl_bench.grading import final_answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"so it is \boxed{42}", "42"),
        (r"so it is \boxed {42}, which was asked for.", "42"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{a \} b}", r"a \} b"),
        (r"first \boxed{1}, then \boxed{2}", "2"),
        (r"\boxed{x = \boxed{5}}", "5"),
        ("Answer: 7", "7"),
        ("thought\nAnswer: $7$", "7"),
        ("answer : 7\n\n", "7"),
        ("**Answer:** 7", "7"),
        ("**Answer: 7**", "7"),
        ("Final Answer: **7**.", "7"),
        ("The final answer: 7", "7"),
        ("Answer: 1\nno, wrong\nAnswer: 2", "2"),
        (r"Answer: $\boxed{3}$", "3"),
        ("\\boxed{1}\nAnswer: 2", "2"),
        ("Answer: 2\nhence \\boxed{1}", "1"),
        (r"\boxed{Answer: 5}", "Answer: 5"),
    ],
)
def test_the_answer_that_ends_the_response_counts(response: str, answer: str) -> None:
    assert final_answer(response) == answer


@pytest.mark.parametrize(
    "response",
    [
        "",
        "the result is 42",
        r"\boxed{42",
        r"\boxed{}",
        r"\boxed{ $ $ }",
        "Answer:",
        "Answer:\n42",
        "Answer: **",
        r"a first try: \boxed{41}, better \boxed{42",
        "\\boxed{" * 1000 + "42",
        "To check our answer: 42 is even",
    ],
)
def test_without_a_complete_answer_there_is_none(response: str) -> None:
    assert not (final_answer(response) or "").strip("$ ")


def test_an_answer_line_stands_although_a_box_before_it_was_not_closed() -> None:
    assert final_answer("\\boxed{4\nAnswer: 42") == "42"


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("$42$", "42"),
        ("$$42$$", "42"),
        (r"\(42\)", "42"),
        (r"\[ 42 \]", "42"),
        ("$42$.", "42"),
        ("42.", "42"),
        ("$42.$", "42"),
        (" \t42 ", "42"),
        ("\x0042\x07", "42"),
        (r"$\$42$", r"\$42"),
        (r"\$42", r"\$42"),
        ("$1$ and $2$", "$1$ and $2$"),
        (r"\(1\) and \(2\)", r"\(1\) and \(2\)"),
        ("4\x002", "4\ufffd2"),
        ("4\ud8002", "4\ufffd2"),
        ("\u202e42", "\ufffd42"),
        ("1\u00a02", "1 2"),
    ],
)
def test_what_surrounds_an_answer_is_taken_off(written: str, answer: str) -> None:
    assert final_answer(f"Answer: {written}") == answer
    assert final_answer(rf"\boxed{{{written}}}") == answer


@given(st.text(alphabet=r"\boxed{}$answer: *.()[]#" + "\n\0\ud800\u202e", max_size=400))
def test_any_text_gives_printable_text_or_nothing(response: str) -> None:
    answer = final_answer(response)
    assert answer is None or (answer and answer.isprintable())


@pytest.mark.parametrize(
    "pattern",
    [
        r"\boxed{",
        r"\boxed ",
        "\\boxed{1}",
        r"\boxed{1} \boxed{",
        "answer ",
        "answer: ",
        "answer: *",
        "\nanswer:",
        "\n>#* ",
        ">",
        "{",
        "\\",
        "$",
        r"\(",
        "**",
        "\0",
    ],
)
def test_a_million_characters_take_no_more_than_their_number(pattern: str) -> None:
    text = pattern * (1_000_000 // len(pattern))
    started = time.monotonic()
    final_answer(text)
    final_answer(rf"\boxed{{{text}}}")
    final_answer(f"Answer: {text}")
    # Quadratic time would be hours.
    assert time.monotonic() - started < 15
