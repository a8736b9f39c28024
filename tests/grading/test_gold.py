"""Every gold answer of the benchmarks is right, as it is written and as a model may write it.

Read from the folder ``shared/data`` above the checkout where there is one, else from the few
questions of our own in ``tests/data/benchmarks``.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from alpharl_bench.grading import Mark, final_answer, grade_all

ROOT = Path(__file__).parents[2]
OWN = ROOT / "tests" / "data" / "benchmarks"
REAL = next((p / "shared" / "data" for p in ROOT.parents if (p / "shared" / "data").is_dir()), None)
BENCHMARKS = ("aime24", "aime25", "math500", "minerva", "gsm8k")
SIZES = {"aime24": 30, "aime25": 30, "math500": 500, "minerva": 272, "gsm8k": 1319}

NUMBER = re.compile(r"(-?[0-9]*\.?[0-9]+)(?:e(-?[0-9]+))?")
#: Returned by a rewriting that does not apply to an answer.
NOT_SO = None


def as_fraction(answer: str) -> str | None:
    if not NUMBER.fullmatch(answer):
        return NOT_SO
    value = Fraction(answer)
    return rf"\frac{{{3 * value.numerator}}}{{{3 * value.denominator}}}"


def as_power_of_ten(answer: str) -> str | None:
    found = NUMBER.fullmatch(answer)
    return rf"{found[1]} \times 10^{{{found[2]}}}" if found and found[2] else NOT_SO


def as_plain_decimal(answer: str) -> str | None:
    found = NUMBER.fullmatch(answer)
    return f"{Decimal(answer):f}" if found and found[2] else NOT_SO


def with_unit(answer: str) -> str | None:
    return rf"{answer} \text{{ cm}}" if re.fullmatch(r"[0-9.,]+", answer) else NOT_SO


def assigned(answer: str) -> str | None:
    # x = y = 2x is another equation than y = 2x.
    return NOT_SO if "=" in answer else f"x = {answer}"


REWRITINGS: dict[str, Callable[[str], str | None]] = {
    "as it is": lambda answer: answer,
    "spaces": lambda answer: re.sub(r" ?([=+]) ?", r"  \1  ", f" {answer} "),
    "dfrac": lambda answer: answer.replace(r"\frac", r"\dfrac"),
    "tfrac": lambda answer: answer.replace(r"\frac", r"\tfrac"),
    "no left and right": lambda answer: answer.replace(r"\left", "").replace(r"\right", ""),
    "full stop": lambda answer: f"{answer}.",
    "fraction": as_fraction,
    "power of ten": as_power_of_ten,
    "plain decimal": as_plain_decimal,
    "unit": with_unit,
    "assigned": assigned,
}
WRAPPINGS = {
    "box": r"Thus it is \boxed{{{}}}.",
    "dollars in a box": r"\boxed{{${}$}}",
    "line": "Thus.\nAnswer: {}",
    "dollars in a line": "Thus.\n**Answer:** ${}$.",
}


@cache
def questions(benchmark: str) -> list[dict[str, str]]:
    folder = REAL if REAL and (REAL / f"{benchmark}.jsonl").exists() else OWN
    lines = (folder / f"{benchmark}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def wrong(benchmark: str, rewrite: Callable[[str], str | None], wrapping: str) -> list[str]:
    """The gold answers that are not right when rewritten and wrapped."""
    cases = [
        (question["answer"], rewritten)
        for question in questions(benchmark)
        if (rewritten := rewrite(question["answer"])) is not NOT_SO
    ]
    graded = grade_all(("math", gold, [wrapping.format(answer)]) for gold, answer in cases)
    return [case for case, (g,) in zip(cases, graded, strict=True) if g.mark is not Mark.RIGHT]


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_every_gold_answer_is_right_in_other_words(benchmark: str, rewriting: str) -> None:
    assert wrong(benchmark, REWRITINGS[rewriting], WRAPPINGS["box"]) == []


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_gold_answer_is_right_in_every_wrapping(benchmark: str, wrapping: str) -> None:
    assert wrong(benchmark, REWRITINGS["as it is"], WRAPPINGS[wrapping]) == []


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_every_solution_with_a_box_is_right(benchmark: str) -> None:
    solved = [q for q in questions(benchmark) if r"\boxed" in q.get("solution", "")]
    graded = grade_all(("math", q["answer"], [q["solution"]]) for q in solved)
    assert [
        (q["answer"], final_answer(q["solution"]))
        for q, (g,) in zip(solved, graded, strict=True)
        if g.mark is not Mark.RIGHT
    ] == []


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_no_gold_answer_is_right_for_the_next_question(benchmark: str) -> None:
    # Where only the unit differs (120 and 120 degrees), both are right.
    units = re.compile(r" |\^\\circ|\\mbox.*")
    answers = sorted({units.sub("", q["answer"]) for q in questions(benchmark)})
    graded = grade_all(("math", gold, [rf"\boxed{{{other}}}"]) for gold, other in pairwise(answers))
    assert [
        pair for pair, (g,) in zip(pairwise(answers), graded, strict=True) if g.mark is Mark.RIGHT
    ] == []


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_all_questions_are_there(benchmark: str) -> None:
    if REAL is None:
        pytest.skip("needs shared/data above the checkout, found none")
    assert len(questions(benchmark)) == SIZES[benchmark]
