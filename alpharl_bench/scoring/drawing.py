"""Responses to the questions as tokens, drawn by whichever engine is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alpharl_bench.grading import Mark, grade_all
from alpharl_bench.scoring.engines import Backend
from alpharl_bench.scoring.tasks import Question, Tasks


@dataclass(frozen=True)
class Response:
    """The tokens of a response, its end token with them, and what it is worth."""

    tokens: tuple[int, ...]
    mark: Mark


def put(lm: Any, question: Question, *, chat: bool) -> list[int]:
    """A question as tokens, in the chat template or bare."""
    text = question.prompt
    if chat:
        text = str(lm.apply_chat_template([{"role": "user", "content": text}]))
    tokens: list[int] = lm.tok_encode(text)
    return tokens


def draw(
    backend: Backend, tasks: Tasks, asked: Sequence[Question], count: int, *, chat: bool
) -> list[list[Response]]:
    """Sample responses and grade them.

    Args:
        backend: the loaded model, wearing a variant and a decoding.
        tasks: the tasks that the questions are of.
        asked: the questions.
        count: how many responses to each.
        chat: whether they are put in the chat template.

    Returns:
        ``count`` responses to each question.
    """
    prompts = [put(backend.lm, question, chat=chat) for question in asked]
    drawn = backend.draw([p for p in prompts for _ in range(count)], tasks.max_tokens)
    decode = backend.lm.tokenizer.decode
    texts = [decode(tokens, skip_special_tokens=True) for tokens in drawn]
    groups = [range(start, start + count) for start in range(0, len(drawn), count)]
    grades = grade_all(
        (question.kind, question.answer, [texts[i] for i in group])
        for question, group in zip(asked, groups, strict=True)
    )
    return [
        [Response(tuple(drawn[i]), one.mark) for i, one in zip(group, graded, strict=True)]
        for group, graded in zip(groups, grades, strict=True)
    ]
