"""What counts as the same answer, written down by hand."""

import subprocess
import sys
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.grading import (
    MAX_ANSWER_CHARS,
    Grade,
    Kind,
    Mark,
    grade,
    grade_all,
    graders,
    workers,
)
from alpharl_bench.grading.maths import Comparison
from alpharl_bench.problems import MAX_RESPONSE_CHARS, is_correct

SAME = {
    "numbers": [
        "1000",
        "1,000",
        "1{,}000",
        r"1\,000",
        "1 000",
        r"1,\!000",
        "1000.0",
        "1e3",
        "10^3",
    ],
    "fractions": ["0.5", r"\frac{1}{2}", r"\frac12", r"\dfrac{1}{2}", r"\tfrac 12", "1/2", ".5"],
    "repeating": [r"\frac{1}{3}", "0.333333", "0.33333333"],
    "mixed": [r"1\frac{4}{5}", "9/5", "1.8"],
    "large": ["4.5e33", r"4.5 \times 10^{33}", r"45\cdot 10^{32}", "4.5E33", r"4.5*10^{33}"],
    "small": ["2.5e-7", r"2.5\times10^{-7}", "0.00000025", r"\frac{1}{4000000}"],
    "negative": ["-3", "−3", "-3.0", "-3."],
    "leading zeros": ["033", "33", r"\textbf{(033)}"],
    "degrees": ["90", r"90^\circ", r"90^{\circ}", r"90\text{ degrees}"],
    "units": ["5", r"5\text{ cm}", r"5 \mathrm{~cm}", r"5\text{ cm}^2", "5 apples"],
    "money": ["18.90", r"\$18.90", r"\$18.9"],
    # math-verify leaves open whether per cent are asked for.
    "per cent": ["50", r"50\%"],
    "part": ["0.5", r"50\%"],
    "assigned": ["5", "x=5", "x = 5", r"\theta = 5"],
    "equation": ["x=5", "5", "x = 5.0"],
    "assigned thousands": ["2125", "x = 2,125"],
    "intervals": [r"(-\infty, 3]", r"(-\infty,3]", r"\left(-\infty, 3\right]"],
    "unions": [r"(0,9) \cup (9,36)", r"(9,36)\cup(0,9)"],
    "points": ["(1,2)", "(1, 2)", r"\left(1, \frac{4}{2}\right)"],
    "sets": [r"\{1,2,3\}", r"\{3, 2, 1\}", "1, 2, 3", "3,1,2"],
    "plus or minus": [r"1 \pm \sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"],
    "roots": [r"6\sqrt2", r"6\sqrt{2}", r"\sqrt{72}"],
    "formulas": ["2x+3", "3 + 2x", "x+x+3"],
    "exponentials": ["e^{t} / 3", r"\frac{e^t}{3}"],
    "texts": [r"\text{east}", "east", r"\text{ east}"],
    "indices": ["E_{1},E_{2}", "E_1, E_2"],
    "matrices": [
        r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}",
        r"\begin{bmatrix}1\\2\end{bmatrix}",
    ],
    "sums": ["6", r"\sum_{k=1}^{3} k", "1+2+3"],
    "per cent in words": ["5", r"5\text{ percent}", "5%", "5 percent"],
    "gamma": [r"m c^2 (\gamma^2 - 1)", r"mc^2\gamma^2 - mc^2", r"(\gamma-1)(\gamma+1)mc^2"],
    "energies": [r"\frac{1}{3} E_{1}+\frac{2}{3} E_{2}", r"\frac{E_1+2E_2}{3}"],
    "bases": ["52_8", "52_{8}", "52"],
}
DIFFERENT = [
    ("0.51", r"\frac{1}{2}"),
    ("0.3333", r"\frac{1}{3}"),
    ("(1,2)", "(2,1)"),
    ("(2,1)", "(1,2)"),
    ("1", "-1"),
    ("[1,2]", "(1,2)"),
    ("(1,2]", "[1,2)"),
    ("(-\\infty, 3]", "(-\\infty, 3)"),
    ("1000", "100"),
    ("1000", "1,0000"),
    ("4.5e33", "4.5e32"),
    ("4.5e33", r"4.5 \times 10^{32}"),
    ("1.07e-10", "2.2e-10"),
    ("1.5e-7", r"\frac{14}{10^8}"),
    ("1e-7", "0"),
    ("1,2", "1,2,3"),
    ("1,2,3", "1,2"),
    ("5", "5, 7"),
    ("5", r"5 \text{ or } 7"),
    ("42", "4 2"),
    ("x=2", "y=2"),
    ("2x+3", "2y+3"),
    ("3t", "3"),
    (r"\frac{37}{4} m", r"\frac{37}{4}"),
    ("1", r"\sum_{k=1}^{3} k"),
    ("50", "0.5"),
    (r"50\%", "5"),
    (r"m c^2 (\gamma^2 - 1)", r"m c^2 (\gamma^2 + 1)"),
    (r"2\gamma", "1.15443133"),
    (r"\frac{1}{3} E_{1}+\frac{2}{3} E_{2}", r"\frac{2}{3}"),
    (r"\frac{2}{3}", r"\frac{1}{3} \foo{x} + \frac{2}{3} \foo{y}"),
    ("52_8", "52_9"),
    (r"\infty", r"-\infty"),
    (r"\text{east}", r"\text{west}"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 2 \\ 1 \end{pmatrix}"),
    ("42", "4\x002"),
    ("42", "\u202e24"),
]


def boxed(*answers: str) -> list[str]:
    return [rf"so it is \boxed{{{answer}}}" for answer in answers]


@pytest.mark.parametrize("forms", SAME.values(), ids=SAME)
def test_equivalent_forms_are_right_and_one_vote(forms: list[str]) -> None:
    gold, *others = forms
    grades = grade("math", gold, [*boxed(*others), f"Answer: ${others[0]}$."])
    assert [g.mark for g in grades] == [Mark.RIGHT] * (len(others) + 1)
    assert {g.form for g in grades} == {grade("math", gold, boxed(gold))[0].form}


@pytest.mark.parametrize(("gold", "answer"), DIFFERENT)
def test_near_misses_are_wrong(gold: str, answer: str) -> None:
    (graded,) = grade("math", gold, boxed(answer))
    assert graded.mark is Mark.WRONG
    assert graded.form != grade("math", gold, boxed(gold))[0].form


def test_wrong_answers_that_mean_the_same_are_one_vote() -> None:
    halves = boxed("0.5", "1/2", r"\frac12", r"\frac{2}{4}", "x = 0.5", r"\dfrac{1}{2}")
    assert len({g.form for g in grade("math", "3", halves)}) == 1
    assert len({g.form for g in grade("math", "3", boxed("1, 2", "2,1"))}) == 1
    assert len({g.form for g in grade("math", "3", boxed("1", "2", "-1"))}) == 3


@settings(max_examples=30, deadline=None)
@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6), st.integers(1, 9))
def test_a_fraction_equals_its_multiples_and_no_neighbour(p: int, q: int, k: int) -> None:
    marks = [
        g.mark.value
        for g in grade(
            "math",
            f"{p}/{q}",
            boxed(rf"\frac{{{k * p}}}{{{k * q}}}", rf"\frac{{{p + 1}}}{{{q}}}", f"{p}/{q}"),
        )
    ]
    assert marks == ["1", "0", "1"]


@pytest.mark.parametrize(
    "answer",
    [
        *("C", "c", "(C)", "[C]", "C.", "C)", "**C**", r"\text{C}", r"\mathrm{C}", r"\textbf{(C)}"),
        *(r"\text{(C) } 1", "C) 10 m/s", "(C) 10 m/s", "C. 10 m/s", "C: 10 m/s"),
    ],
)
def test_a_choice_is_known_by_its_letter(answer: str) -> None:
    assert grade("choice", "C", boxed(answer)) == [Grade(Mark.RIGHT, "C")]
    assert grade("choice", "B", [f"Answer: {answer}"]) == [Grade(Mark.WRONG, "C")]


@pytest.mark.parametrize(
    "answer", ["10 m/s", "A photon", "Carbon", "AC", "A, B", "E", "1", "c = 3"]
)
def test_a_choice_is_never_known_by_its_content(answer: str) -> None:
    for gold in "ABCD":
        assert grade("choice", gold, boxed(answer))[0].mark is Mark.WRONG


@pytest.mark.parametrize(
    ("response", "mark"),
    [
        ("7+8=15;3+5+1=9;#95", Mark.RIGHT),
        ("#95\n", Mark.RIGHT),
        ("#095", Mark.WRONG),
        ("#96", Mark.WRONG),
        ("95", Mark.NO_ANSWER),
        ("#95.", Mark.NO_ANSWER),
        (r"\boxed{95}", Mark.NO_ANSWER),
        ("1" * MAX_RESPONSE_CHARS + "#95", Mark.STOPPED),
    ],
)
def test_arithmetic_follows_the_rule_that_the_models_are_rewarded_by(
    response: str, mark: Mark
) -> None:
    assert grade("arithmetic", "95", [response])[0].mark is mark
    assert is_correct(response, "95") is (mark is Mark.RIGHT)


WORKED = "7+8=15;3+5+1=9;#95"


@pytest.mark.parametrize(
    ("response", "mark"),
    [
        (WORKED, Mark.RIGHT),
        (f" {WORKED}\n", Mark.RIGHT),
        ("#95", Mark.WRONG),
        ("7+8=15;3+5=9;#95", Mark.WRONG),
        ("7+8=15; 3+5+1=9;#95", Mark.WRONG),
        ("3+5+1=9;7+8=15;#95", Mark.WRONG),
        ("7+8=15;3+5+1=9;#96", Mark.WRONG),
        ("7+8=15;3+5+1=9;95", Mark.NO_ANSWER),
        (f"{WORKED};", Mark.NO_ANSWER),
        ("7+8=15;" * MAX_RESPONSE_CHARS + WORKED, Mark.STOPPED),
    ],
)
def test_a_worked_solution_is_right_to_the_letter_or_wrong(response: str, mark: Mark) -> None:
    assert grade("worked", WORKED, [response])[0].mark is mark


def test_wrong_steps_vote_for_themselves_and_never_for_the_right_ones() -> None:
    found = grade("worked", WORKED, [WORKED, f"{WORKED}\n", "#95", "3+5=8;#95", "1" * 999 + "#95"])
    forms = [one.form for one in found]
    assert forms[:4] == [WORKED, WORKED, "#95", "3+5=8;#95"]
    assert forms[4] == "1" * MAX_ANSWER_CHARS


def test_what_is_no_answer_or_stopped_has_no_vote() -> None:
    responses = ["I do not know", r"\boxed{4", *boxed("1+" * MAX_ANSWER_CHARS + "1")]
    assert grade("math", "4", responses) == [
        Grade(Mark.NO_ANSWER, None),
        Grade(Mark.NO_ANSWER, None),
        Grade(Mark.STOPPED, None),
    ]


def test_many_questions_are_graded_as_one_by_one() -> None:
    questions: list[tuple[Kind, str, list[str]]] = [
        ("math", "0.25", boxed("1/4", "1/5")),
        ("choice", "A", boxed("A", "B")),
        ("arithmetic", "3", ["#3", "#4"]),
        ("worked", "1+2=3;#3", ["1+2=3;#3", "#3"]),
        ("math", "1/3", []),
    ]
    assert grade_all(questions) == [grade(*question) for question in questions]
    assert [[g.mark.value for g in row] for row in grade_all(questions)] == [
        ["1", "0"],
        ["1", "0"],
        ["1", "0"],
        ["1", "0"],
        [],
    ]


def test_an_answer_is_compared_once_and_the_latest_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[str, str]] = []

    def counting(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Comparison | None]:
        new = {pair: Comparison(right=False, form="f") for pair in pairs}
        compared.extend(new)
        return new

    monkeypatch.setattr(workers, "compare_all", counting)
    monkeypatch.setattr(graders, "_remembered", {})
    monkeypatch.setattr(graders, "_MAX_REMEMBERED", 2)
    assert grade("math", "g", boxed("a", "b", "a")) == [Grade(Mark.WRONG, "f")] * 3
    assert grade("math", "g", boxed("b", "a")) == [Grade(Mark.WRONG, "f")] * 2
    assert compared == [("g", "a"), ("g", "b")]
    grade("math", "g", boxed("c"))
    grade("math", "g", boxed("b", "a"))
    assert compared[2:] == [("g", "c"), ("g", "a")]


def test_a_wrong_answer_that_is_written_like_the_gold_answer_votes_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Comparison(right=False, form="g")
    monkeypatch.setattr(workers, "compare_all", lambda pairs: dict.fromkeys(pairs, found))
    monkeypatch.setattr(graders, "_remembered", {})
    assert grade("math", "g", boxed("a")) == [Grade(Mark.WRONG, "a")]


@pytest.mark.parametrize(
    ("kind", "gold"), [("choice", "E"), ("choice", "10 m/s"), ("math", ""), ("math", "1" * 501)]
)
def test_a_gold_answer_that_nothing_could_match_is_refused(kind: Kind, gold: str) -> None:
    with pytest.raises(AlphaRLBenchError, match=r"gold answer .* it has to be"):
        grade(kind, gold, ["anything"])


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = (
        "import sys, alpharl_bench.grading;"
        "print(*{'torch', 'lm_eval', 'transformers', 'scipy', 'pandas'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not run.stdout.strip()
