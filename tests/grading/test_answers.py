"""The final answer of a response, by hand."""

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
        (r"\fbox{5}", "5"),
        (r"$\boxed5$", "5"),
        (r"\boxed5.", "5"),
        (r"\boxed 12, which", "12"),
        (r"\boxed{3} \boxed-1.5", "-1.5"),
        (r"\boxed 3/4", "3/4"),
        (r"\boxed C.", "C"),
        (r"\boxed{1}, \fbox{2}", "2"),
        ("Answer:\n5", "5"),
        ("Answer:\n\n$5$", "5"),
        ("**Answer:**\n\n5\n\nGood.", "5"),
        ("### Answer\n5", "5"),
        ("**Final Answer**\n\n$5$", "5"),
        ("Answer:\n$$\n5\n$$", "5"),
        ("Answer: \\[\n5\n\\]\nDone", "5"),
        ("Answer:\n* 5", "5"),
        ("Final Answer: The final answer is $5$.", "5"),
        ("Final Answer: The final answer is $5$. I hope it is correct.", "5"),
        ("The final answer is $5$.", "5"),
        ("So the answer is 5.", "5"),
        ("Therefore, the final answer is: **5**", "5"),
        ("\\boxed{4}\nThe answer is right.", "4"),
        ("Answer: 4\nThe answer is right.", "4"),
        ("Answer: 0.333...", "0.333..."),
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
        "Answer:\n\n",
        "Answer",
        "\nAnswer\n42",
        r"\boxedfoo",
        r"\fbox{42",
        "The answer is",
        "we know that the answer is 42",
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
