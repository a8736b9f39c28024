"""Rewards that can be verified: the grading of the scored tasks, for either form of a response."""

from collections.abc import Callable, Sequence
from typing import Any

from alpharl_bench.grading import Kind, Mark, grade

#: A response as TRL hands it over: its text, or the messages of an assistant's turn.
Completion = str | list[dict[str, str]]


def verifiable_reward(
    completions: Sequence[Completion],
    answer: Sequence[str],
    kind: Sequence[Kind],
    log_metric: Callable[[str, float], None],
    **_: Any,
) -> list[float]:
    """1 for a correct response, 0 for any other: the same grading as the scored tasks.

    Args:
        completions: the responses.
        answer: the right answer to each.
        kind: the rule by which each is graded.
        log_metric: TRL's logger of figures; gets each reward, so that ``accuracy`` is the mean over
            all responses that were drawn, also over those that are not trained on.
    """
    rewards = accuracies(completions, answer, kind)
    for reward in rewards:
        log_metric("accuracy", reward)
    return rewards


def accuracies(
    completions: Sequence[Completion], answers: Sequence[str], kinds: Sequence[Kind]
) -> list[float]:
    """1 for each correct response, 0 for any other."""
    return [
        float(is_right(kind, answer, text_of(completion)))
        for completion, answer, kind in zip(completions, answers, kinds, strict=True)
    ]


def is_right(kind: Kind, answer: str, response: str) -> bool:
    """Whether a response is correct."""
    return grade(kind, answer, [response])[0].mark == Mark.RIGHT


def text_of(completion: Completion) -> str:
    """The text of a response."""
    return completion if isinstance(completion, str) else completion[-1]["content"]
