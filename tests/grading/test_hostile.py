"""Answers made to stall, kill or fool the grader. None may, and grading goes on."""

import time

import pytest

from alpharl_bench.grading import Mark, grade, workers

BOMBS = {
    "a tower": r"9^{9^{9^9}}",
    "a factorial": r"(10^{10})!",
    "a binomial": r"\binom{10^9}{5*10^8}",
    "a sum": r"\sum_{k=1}^{10^{12}} \frac{1}{k}",
    "an integral": r"\int_0^1 \sin(x^{x^{x^x}}) e^{-x^5} dx",
    "a far sine": r"\sin(10^{10^{10}})",
    "digits to the power of digits": "9" * 200 + "^{" + "9" * 200 + "}",
}
TEXTS = {
    "a long answer": "1" * 200_000,
    "a deep fraction": r"\frac{" * 1000 + "1" + "}{2}" * 1000,
    "a deep fraction within the limit": r"\frac{" * 40 + "1" + "}{2}" * 40,
    "deep parentheses": "(" * 200 + "1" + ")" * 200,
    "deep roots": r"\sqrt{" * 60 + "2" + "}" * 60,
    "NUL": "4\x002",
    "control characters": "\x1b[2J4\x072\x7f",
    "a lone surrogate": "4\ud8002",
    "another lone surrogate": "\udfff42",
    "a right-to-left override": "\u202e24\u202c",
    "a right-to-left mark": "4\u200f2",
    "accents": "4" + "\u0301" * 300 + "2",
    "signs": "-" * 301 + "42",
    "commas": "," * 400,
    "factorials": "42" + "!" * 300,
    "per cent": "%" * 400,
    "backslashes": "\\\\" * 200,
    "dollars": "$" * 399,
    "nothing over nothing": r"\frac{0}{0}",
    "a format": "%s%n{0}{}{x.__class__}",
    "code": "__import__('os')._exit(1)",
}
WHOLE = {
    "a tower without a box": r"9^{9^{9^9}}",
    "braces unclosed": r"\boxed{" + "{" * 1000 + "42",
    "boxes unclosed": r"\boxed{" * 1000 + "42",
    "a thousand boxes": r"\boxed{42} " * 1000 + r"\boxed{43}",
    "only control characters": "".join(map(chr, range(32))) * 100,
    "a long response": "so " * 100_000,
}


@pytest.fixture(scope="module", autouse=True)
def short_limit() -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Several times what the answers take that are graded beside.
        patch.setattr(workers, "COMPARISON_SECONDS", 1.0)
        yield


def marked(gold: str, response: str) -> Mark:
    """The mark, after a check that the next answers are graded right."""
    mark = grade("math", gold, [response])[0].mark
    # A gold answer that no test has used, so that the worker is asked and not the memory.
    p, q = 1, time.monotonic_ns()
    answers = [rf"\boxed{{\frac{{2^{p}}}{{{2 * q}}}}}", rf"\boxed{{\frac{{1^{p}}}{{{q + 1}}}}}"]
    assert [g.mark for g in grade("math", f"{p}/{q}", answers)] == [Mark.RIGHT, Mark.WRONG]
    return mark


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_stopped(bomb: str) -> None:
    assert marked("42", rf"\boxed{{{bomb}}}") is Mark.STOPPED


@pytest.mark.parametrize("gold", ["x^2+1", r"(-\infty, 3]", "1,2"])
def test_a_bomb_is_wrong_whatever_it_is_compared_with(gold: str) -> None:
    assert marked(gold, f"Answer: ${BOMBS['a tower']}$") is not Mark.RIGHT


def test_the_limit_that_is_set_stops_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert workers.COMPARISON_SECONDS <= 5
    assert marked("43", rf"\boxed{{{BOMBS['a tower']}}}") is Mark.STOPPED


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_text_in_a_box_is_wrong(text: str) -> None:
    assert marked("42", rf"\boxed{{{text}}}") is not Mark.RIGHT


@pytest.mark.parametrize("response", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("kind", ["math", "choice", "arithmetic"])
def test_a_hostile_response_is_wrong(kind: str, response: str) -> None:
    gold = "C" if kind == "choice" else "42"
    assert grade(kind, gold, [response])[0].mark is not Mark.RIGHT


def test_bombs_and_answers_side_by_side_are_told_apart() -> None:
    responses = [rf"\boxed{{{bomb} + 1}}" for bomb in list(BOMBS.values())[:3]]
    mixed = [r"\boxed{21/7^1}", *responses, r"\boxed{\sqrt{9}}", r"\boxed{21/8^1}"]
    assert "".join(g.mark for g in grade("math", "3", mixed)) == "1xxx10"


def test_every_mark_and_form_can_be_written_to_a_file() -> None:
    # Compared above already, most of them: what was found is remembered.
    texts = [*TEXTS.values(), *WHOLE.values()]
    for graded in grade("math", "42", [*texts, *(rf"\boxed{{{text}}}" for text in texts)]):
        assert (graded.form or "").encode().decode().isprintable()
