"""Grade responses: the rules of each kind of question."""

import threading
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import islice
from typing import Literal

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.grading.answers import clean, final_answer
from alpharl_bench.grading.choices import letter
from alpharl_bench.grading.equations import alternatives, has_equation, value
from alpharl_bench.grading.marks import Grade, Mark
from alpharl_bench.grading.notation import base, rewritten, squeezed
from alpharl_bench.grading.numbers import equal, readings
from alpharl_bench.grading.units import without_unit
from alpharl_bench.problems import MAX_RESPONSE_CHARS, final_number, last_number

Pair = tuple[str, str]
Kind = Literal["arithmetic", "worked", "number", "math", "choice"]

#: Longer answers are not compared. The longest gold answer of the paper's benchmarks has 210.
MAX_ANSWER_CHARS = 500
#: Grades of answers that needed a worker are kept, the latest this many.
_MAX_REMEMBERED = 100_000

_NO_ANSWER = Grade(Mark.NO_ANSWER, None)
_STOPPED = Grade(Mark.STOPPED, None)

#: How the number that a response settles on is found in it.
_NUMBERS: dict[Kind, Callable[[str], str | None]] = {
    "arithmetic": final_number,
    "worked": final_number,
    "number": last_number,
}

_remembered: dict[Pair, Grade] = {}
_lock = threading.Lock()


def grade(kind: Kind, gold: str, responses: Sequence[str]) -> list[Grade]:
    """Grade the sampled responses to one question.

    Args:
        kind: ``arithmetic``: ends in ``#`` and the gold digits, exactly. ``worked``: is the gold
            solution to the letter, every step of it. ``number``: its last
            number has the value of the gold one. ``choice``: the letter of the gold choice, A to D.
            ``math``: an answer that math-verify finds equal.
        gold: the right answer.
        responses: whole responses, of any length and content.

    Returns:
        A grade for each response, in order.

    Raises:
        AlphaRLBenchError: the gold answer is none of this kind, or workers do not start.
    """
    return grade_all([(kind, gold, responses)])[0]


def grade_all(questions: Iterable[tuple[Kind, str, Sequence[str]]]) -> list[list[Grade]]:
    """``grade`` for many questions at once: what takes time is done in parallel."""
    drafts = [_drafts(kind, gold, responses) for kind, gold, responses in questions]
    compared = _compared(draft for row in drafts for draft in row if isinstance(draft, tuple))
    return [
        [compared[draft] if isinstance(draft, tuple) else draft for draft in row] for row in drafts
    ]


def _drafts(kind: Kind, gold: str, responses: Sequence[str]) -> list[Grade | Pair]:
    """The grades that can be given at once, and pairs of texts that a worker must compare."""
    if kind in _NUMBERS:
        return [_number(kind, gold, response) for response in responses]
    gold = rewritten(clean(gold))
    if not 0 < len(gold) <= MAX_ANSWER_CHARS or (kind == "choice" and gold not in tuple("ABCD")):
        raise AlphaRLBenchError(
            f"gold answer {gold[:40]!r}: it has to be "
            + ("A, B, C or D" if kind == "choice" else f"1 to {MAX_ANSWER_CHARS} characters long")
            + "; correct it in the file of the questions"
        )
    by_kind = _choice if kind == "choice" else _math
    drafts: list[Grade | Pair] = []
    for response in responses:
        answer = final_answer(response)
        if answer is None:
            drafts.append(_NO_ANSWER)
        elif len(answer) > MAX_ANSWER_CHARS:
            drafts.append(_STOPPED)
        else:
            drafts.append(by_kind(gold, rewritten(answer)))
    return drafts


def _number(kind: Kind, gold: str, response: str) -> Grade:
    if len(response) > MAX_RESPONSE_CHARS:
        return _STOPPED
    number = _NUMBERS[kind](response)
    if number is None:
        return _NO_ANSWER
    if kind == "worked":
        # Wrong steps with the right answer vote for themselves.
        right, text = response.strip() == gold, response.strip()[:MAX_ANSWER_CHARS]
        return _graded(right, gold, text)
    right = number == gold or (kind == "number" and _same_value(number, gold))
    return _graded(right, gold, number)


def _same_value(number: str, gold: str) -> bool:
    """Whether 5.0 is 5; what is a fraction or a power is compared as text alone."""
    try:
        return Fraction(number) == Fraction(gold) and "/" not in number
    except (ValueError, ZeroDivisionError):
        return False


def _choice(gold: str, answer: str) -> Grade:
    found = letter(answer)
    # The text of a choice has no vote, and is not kept: some sets must not be printed.
    return Grade(Mark.WRONG, None) if found is None else _graded(found == gold, gold, found)


def _math(gold: str, answer: str) -> Grade | Pair:
    text = squeezed(answer)
    if text == squeezed(gold):
        return _graded(right=True, gold=gold, form=gold)
    # Of a gold equation x = 5 the value is an answer, too.
    meant = gold if has_equation(answer) else value(gold) or gold
    said = alternatives(answer, meant)
    if not said:
        return _graded(right=False, gold=gold, form=text)
    if len(said) == len(said[0]) == 1:
        ((only,),) = said
        numbers = (
            readings(without_unit(meant, letters=False)),
            readings(without_unit(only, letters=True)),
        )
        if all(numbers):
            right = any(equal(g, a) for g in numbers[0] for a in numbers[1])
            return _graded(right, gold, str(numbers[1][0].value))
        if base(meant) and base(only) and base(meant) != base(only):
            return _graded(right=False, gold=gold, form=text)
    return gold, answer


def _compared(pairs: Iterable[Pair]) -> dict[Pair, Grade]:
    """Grade answers in the workers, but each only once."""
    wanted = set(pairs)
    with _lock:
        grades = {pair: _remembered[pair] for pair in wanted if pair in _remembered}
    ungraded = sorted(wanted - grades.keys())
    if not ungraded:
        return grades
    # Imported here: comparing mathematics takes the extra `score`, which numbers do without.
    from alpharl_bench.grading.workers import compare_all  # noqa: PLC0415

    new: dict[Pair, Grade] = {}
    for (gold, answer), found in compare_all(ungraded).items():
        if found is None:
            new[gold, answer] = _STOPPED
        else:
            # sympy may write a wrong answer as the gold answer is written: 'ab' for 'b*a'.
            form = answer if found.form == gold else found.form
            new[gold, answer] = _graded(found.right, gold, form)
    with _lock:
        _remembered.update(new)
        for pair in list(islice(_remembered, max(0, len(_remembered) - _MAX_REMEMBERED))):
            del _remembered[pair]
    return grades | new


def _graded(right: bool, gold: str, form: str) -> Grade:
    return Grade(Mark.RIGHT, gold) if right else Grade(Mark.WRONG, form)
