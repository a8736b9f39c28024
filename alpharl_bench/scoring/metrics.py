"""What the k sampled responses to one question are worth."""

from collections import Counter
from collections.abc import Sequence
from math import comb

from alpharl_bench.grading import Mark


def mean_at_k(marks: str) -> float:
    """The share of right responses."""
    return marks.count(Mark.RIGHT) / len(marks)


def pass_at_k(marks: str, k: int | None = None) -> float:
    """The chance that at least one of k responses is right, without bias (arXiv 2107.03374).

    Args:
        marks: the grades of n sampled responses.
        k: the number of them that are drawn; all n by default.
    """
    n, right = len(marks), marks.count(Mark.RIGHT)
    drawn = n if k is None else k
    return 1 - comb(n - right, drawn) / comb(n, drawn)


def majority_at_k(marks: str, answers: Sequence[str | None]) -> float:
    """Whether the most frequent answer is the right one (arXiv 2203.11171).

    Responses without an answer do not vote. Answers that tie for the most votes share the credit:
    it is the chance that the right one is drawn among them.
    """
    votes = Counter(answer for answer in answers if answer is not None)
    if not votes:
        return 0.0
    most = max(votes.values())
    winners = [answer for answer, count in votes.items() if count == most]
    right = {a for mark, a in zip(marks, answers, strict=True) if mark == Mark.RIGHT}
    return sum(answer in right for answer in winners) / len(winners)
