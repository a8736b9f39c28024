"""The functions that the task files name: lm-eval's ``process_docs`` and ``process_results``."""

import hashlib
from collections.abc import Mapping
from typing import Any

from alpharl_bench.extras import requiring
from alpharl_bench.grading import grade
from alpharl_bench.scoring.metrics import majority_at_k, mean_at_k, pass_at_k

with requiring("score"):
    from datasets import Dataset

# How the sets on the Hub and the local files call their columns.
_QUESTION = ("question", "problem", "Question", "Problem")
_ANSWER = ("answer", "Answer", "Correct Answer")
_WRONG = ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
_LETTERS = "ABCD"


def benchmark_docs(dataset: Dataset) -> Dataset:
    """Give every question the same columns: ``id``, ``question``, ``answer`` and ``kind``.

    The choices of a question are laid out in an order that its text decides, so that it is the same
    in every session, and ``answer`` is the letter of the right one.
    """
    rows = [_document(index, row) for index, row in enumerate(dataset)]
    return Dataset.from_list(rows)


def grade_samples(doc: dict[str, Any], results: list[list[str]]) -> dict[str, float]:
    """Grade a question's sampled responses: mean@k, pass@k and maj@k.

    Args:
        doc: a question with its ``kind`` and gold ``answer``.
        results: one list with all sampled responses.
    """
    (responses,) = results
    grades = grade(doc["kind"], doc["answer"], responses)
    marks = "".join(g.mark for g in grades)
    return {
        "mean@k": mean_at_k(marks),
        "pass@k": pass_at_k(marks),
        "maj@k": majority_at_k(marks, [g.form for g in grades]),
    }


def _document(index: int, row: Mapping[str, Any]) -> dict[str, str]:
    question = str(_first(row, _QUESTION))
    # A digest in place of the text: what is stored of a gated set must not show its questions.
    document = {"id": f"{index}-{_digest(question)[:8]}", "question": question}
    answer = str(_first(row, _ANSWER)).strip()
    wrong = row["wrong"] if "wrong" in row else [row[w] for w in _WRONG if w in row]
    if wrong:
        choices = sorted([answer, *map(str, wrong)], key=lambda choice: _digest(question + choice))
        listed = "\n".join(f"({i}) {c}" for i, c in zip(_LETTERS, choices, strict=True))
        document["question"] += (
            f"\n\n{listed}\n\nThe answer is the letter of the right choice: A, B, C or D."
        )
        return {**document, "answer": _LETTERS[choices.index(answer)], "kind": "choice"}
    # GSM8K gives the worked solution, the answer behind ####.
    return {**document, "answer": answer.split("####")[-1].strip(), "kind": "math"}


def _first(row: Mapping[str, Any], columns: tuple[str, ...]) -> Any:
    return next(row[column] for column in columns if column in row)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
