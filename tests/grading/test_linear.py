"""Hostile text takes work in proportion to its length: by the patterns, and by counting."""

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from re import _constants as constants
from re import _parser as parser
from types import FrameType
from typing import Any

import pytest

from alpharl_bench import grading
from alpharl_bench.grading import Grade, Mark, final_answer, grade, graders
from alpharl_bench.problems import last_number

MODULES = [
    *(f"alpharl_bench.grading.{module.name}" for module in pkgutil.iter_modules(grading.__path__)),
    "alpharl_bench.problems.grading",
]
#: Modules whose patterns read whole responses.
WHOLE = ("alpharl_bench.grading.answers", "alpharl_bench.problems.grading")
PIECES = (
    *(r"\boxed{", r"\boxed ", r"\boxed5", r"\fbox{", "{", "}", "\\", "$", "$$", r"\(", r"\[", "**"),
    *(
        "answer",
        "Answer:",
        "\nanswer:",
        "\nanswer: *",
        "\n>#* ",
        "Final Answer: ",
        "\n**answer**\n",
    ),
    *("\nthe final answer is ", "I hope it is correct. ", ">", " ", "\n", "\t", "\0", "\ufffd"),
    *(
        "1",
        "1,",
        "1,000",
        ",000",
        "1/",
        ".1",
        "-",
        "\u2212",
        "1e",
        "#1",
        "# ",
        "½",
        "√(",
        "(",
        "a ",
    ),
)


def patterns() -> Iterator[tuple[str, str, re.Pattern[str]]]:
    for name in MODULES:
        for attribute, found in vars(importlib.import_module(name)).items():
            for item in found if isinstance(found, tuple) else (found,):
                for pattern in item if isinstance(item, tuple) else (item,):
                    if isinstance(pattern, re.Pattern):
                        yield name, attribute, pattern


def children(argument: Any) -> Iterator[Any]:
    """The parts of what the parser of ``re`` makes of a pattern."""
    if isinstance(argument, parser.SubPattern):
        yield from argument.data
    elif isinstance(argument, list | tuple):
        for part in argument:
            if isinstance(part, parser.SubPattern | list) or (
                isinstance(part, tuple) and part and isinstance(part[0], type(constants.LITERAL))
            ):
                yield part


def endless(node: Any, within: bool = False) -> Iterator[str]:
    """The repetitions without end that can be taken back and stand in one without end."""
    if (
        isinstance(node, tuple)
        and node
        and node[0]
        in {
            constants.MAX_REPEAT,
            constants.MIN_REPEAT,
            constants.POSSESSIVE_REPEAT,
        }
    ):
        operation, (_, most, body) = node
        without_end = most is constants.MAXREPEAT or most > 1000
        taken_back = operation is not constants.POSSESSIVE_REPEAT
        if within and without_end and taken_back:
            yield repr(node)
        yield from endless(body, within or without_end)
    elif isinstance(node, tuple) and node and isinstance(node[0], type(constants.LITERAL)):
        for child in children(node[1]):
            yield from endless(child, within)
    else:
        for child in children(node):
            yield from endless(child, within)


@pytest.mark.parametrize("bad", [r"(a+)+", r"(?:a*b)*", r"((?:ab)+c)*+", r"x(?:y|(?:z|w+))*"])
def test_the_check_finds_a_repetition_in_a_repetition(bad: str) -> None:
    assert list(endless(parser.parse(bad)))


@pytest.mark.parametrize("good", [r"a+b+", r"(?:a{1,3}b)+", r"(?:a++b)*+", r"(?:a|b)+"])
def test_the_check_lets_others_pass(good: str) -> None:
    assert not list(endless(parser.parse(good)))


def test_no_pattern_repeats_a_repetition_that_can_be_taken_back() -> None:
    found = list(patterns())
    assert len(found) > 30
    assert [
        (name, attribute, inner)
        for name, attribute, pattern in found
        for inner in endless(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
    ] == []


def operations(text: str) -> int:
    """Lines that run in the package to find and grade the answers of a text.

    A line takes time in proportion to the text at most, which the patterns above see to.
    """
    lines = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal lines
        if "alpharl_bench" not in frame.f_code.co_filename:
            return None
        lines += event == "line"
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        for response in (text, rf"\boxed{{{text}}}", f"Answer: {text}", f"{text}\nAnswer: 5"):
            final_answer(response)
        last_number(text[:4096])
        grade("choice", "A", [text])
    finally:
        sys.settrace(old)
    return lines


@pytest.mark.parametrize("piece", PIECES)
def test_twice_the_text_is_at_most_twice_the_work(piece: str) -> None:
    half, whole = (operations(piece * (size // len(piece))) for size in (15_000, 30_000))
    assert whole <= 2 * half + 100


@pytest.mark.parametrize("kind", ["math", "number"])
def test_a_hundred_thousand_characters_are_not_right(kind: Any) -> None:
    for piece in PIECES:
        text = piece * (100_000 // len(piece))
        marks = [g.mark for g in grade(kind, "42", [rf"\boxed{{{text}}}", text[:4000]])]
        assert Mark.RIGHT not in marks, piece


@pytest.mark.parametrize(("kind", "gold"), [("choice", "D"), ("math", "42")])
def test_answers_of_the_longest_length_are_not_right(kind: Any, gold: str) -> None:
    """What is done before a worker is asked, which has its own limits of time and memory."""
    pieces = [
        *PIECES,
        "~",
        "a ",
        "cm ",
        r"\text{ cm}",
        "x=1,",
        "α",
        "A) ",
        "=",
        "≈",
        "1 1/2 ",
        "^2",
    ]
    texts = [(begin + piece * 500)[:498] for piece in pieces for begin in ("", "5 ", "x = ")]
    drafts = graders._drafts(kind, gold, [f"Answer: {text}" for text in texts])
    assert Grade(Mark.RIGHT, gold) not in drafts
