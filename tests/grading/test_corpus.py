"""Pairs of a gold answer and an answer whose truth is known: by sympy, or by hand.

A line of ``corpus.jsonl`` has the kind, the gold answer, an answer, whether it is right, and the
source of this: ``sympy`` with the two values, or ``hand`` with the reason.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sympy

from alpharl_bench.grading import Grade, Mark, grade_all

CORPUS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
]
#: What ends a response of a kind. The answer to `number` and `arithmetic` is the response.
WRAPPINGS = {
    "math": (r"Thus it is \boxed{{{}}}.", "Thus.\nAnswer: ${}$"),
    "choice": (r"Thus it is \boxed{{{}}}.", "Thus.\n**Answer:** {}"),
    "number": ("{}",),
    "arithmetic": ("{}",),
}


@pytest.fixture(scope="module", params=[0, 1])
def graded(request: pytest.FixtureRequest) -> list[tuple[dict[str, Any], Grade]]:
    pairs = [pair for pair in CORPUS if request.param < len(WRAPPINGS[pair["kind"]])]
    # A dollar within dollars ends them.
    pairs = [pair for pair in pairs if request.param == 0 or "$" not in pair["answer"]]
    grades = grade_all(
        (
            pair["kind"],
            pair["gold"],
            [WRAPPINGS[pair["kind"]][request.param].format(pair["answer"])],
        )
        for pair in pairs
    )
    return [(pair, found) for pair, (found,) in zip(pairs, grades, strict=True)]


def test_every_pair_is_graded_as_it_is_in_truth(graded: list[tuple[dict[str, Any], Grade]]) -> None:
    assert [
        (pair["gold"], pair["answer"], pair["right"])
        for pair, found in graded
        if (found.mark is Mark.RIGHT) is not pair["right"]
    ] == []


def test_right_answers_are_one_vote_and_wrong_ones_are_others(
    graded: list[tuple[dict[str, Any], Grade]],
) -> None:
    right: dict[tuple[str, str], set[str | None]] = {}
    for pair, found in graded:
        if pair["right"]:
            right.setdefault((pair["kind"], pair["gold"]), set()).add(found.form)
    assert {len(forms) for forms in right.values()} == {1}
    for pair, found in graded:
        if not pair["right"]:
            assert found.form not in right.get((pair["kind"], pair["gold"]), set())


def test_sympy_agrees_on_every_pair_that_names_it() -> None:
    """Rationals exactly, others to 60 digits, of the values that are written beside the pair."""
    named = [pair for pair in CORPUS if pair["source"] == "sympy"]
    assert named
    for pair in named:
        gold, answer = map(sympy.sympify, pair["values"])
        if gold.is_Rational and answer.is_Rational:
            same = gold == answer
        else:
            apart, size = (abs(sympy.N(n, 60, maxn=1000)) for n in (gold - answer, gold))
            same = bool(apart <= size * sympy.Float("1e-55"))
        assert same == pair["right"], pair


def test_the_corpus_is_broad_and_says_each_thing_once() -> None:
    keys = [(pair["kind"], pair["gold"], pair["answer"]) for pair in CORPUS]
    assert len(set(keys)) == len(keys) >= 300
    counts = Counter((pair["kind"], pair["right"]) for pair in CORPUS)
    assert min(counts["math", True], counts["math", False]) >= 100
    assert {kind for kind, _ in counts} == set(WRAPPINGS)
    assert all(p["source"] == "sympy" or p["source"].startswith("hand: ") for p in CORPUS)
