"""What each trainer is fed: prompts, worked solutions, a teacher's samples, pairs.

All are made from the same prompts, none of which is held out for scoring. To add a source that SFT
can learn from, write its function and one line in ``SOURCES``.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import (
    FAMILIES,
    Problem,
    in_prefix_notation,
    is_correct,
    training_problems,
)
from alpharl_bench.training.job import Job
from alpharl_bench.training.samples import samples

_PROMPTS_PER_FAMILY = 1000
#: Tokens of a sampled response at most: those of the scored tasks.
_RESPONSE_TOKENS = 36

_Turns = str | list[dict[str, str]]


def problems(seed: int) -> list[Problem]:
    """The problems of a run, all families alike, none of them held out for scoring."""
    return [
        problem
        for family in FAMILIES
        for problem in islice(training_problems(family, seed), _PROMPTS_PER_FAMILY)
    ]


def prompts(job: Job) -> Dataset:
    """``prompt`` and ``answer``, for trainers that sample responses themselves."""
    tokenizer = job.tokenizer()
    return Dataset.from_list(
        [
            {"prompt": _turn(tokenizer, "user", problem.prompt), "answer": problem.answer}
            for problem in problems(job.entry.seed)
        ]
    )


def solutions(job: Job, source: str) -> Dataset:
    """``prompt`` and ``completion``, for SFT; the loss is on the completions alone.

    Args:
        job: the run.
        source: one of ``SOURCES``.

    Raises:
        AlphaRLBenchError: the source is unknown, or gives nothing to learn from.
    """
    if source not in SOURCES:
        raise AlphaRLBenchError(
            f"{job.recipe}: options.data: unknown '{source}'; known: {', '.join(SOURCES)}"
        )
    tokenizer = job.tokenizer()
    rows = [
        {
            "prompt": _turn(tokenizer, "user", prompt),
            "completion": _turn(tokenizer, "assistant", response),
        }
        for prompt, response in SOURCES[source](job)
    ]
    if not rows:
        raise AlphaRLBenchError(f"{job.recipe}: options.data: no response of '{source}' is right")
    return Dataset.from_list(rows)


def pairs(job: Job, count: int) -> Dataset:
    """``prompt``, ``chosen`` and ``rejected``, for DPO: the base's own samples.

    The first right and the first wrong one of ``count`` to each prompt; a prompt that lacks either
    is left out.

    Raises:
        AlphaRLBenchError: every prompt lacks one of them.
    """
    tokenizer, seed = job.tokenizer(), job.entry.seed
    asked = problems(seed)
    drawn = samples(
        job.base,
        tokenizer,
        [problem.prompt for problem in asked],
        count=count,
        tokens=_RESPONSE_TOKENS,
        seed=seed,
    )
    rows = []
    for problem, responses in zip(asked, drawn, strict=True):
        right = next((r for r in responses if is_correct(r, problem.answer)), None)
        wrong = next((r for r in responses if not is_correct(r, problem.answer)), None)
        if right is not None and wrong is not None:
            rows.append(
                {
                    "prompt": _turn(tokenizer, "user", problem.prompt),
                    "chosen": _turn(tokenizer, "assistant", right),
                    "rejected": _turn(tokenizer, "assistant", wrong),
                }
            )
    if not rows:
        raise AlphaRLBenchError(
            f"{job.recipe}: no prompt has both a right and a wrong one among {count} samples of "
            f"{job.base}; raise options.samples_per_prompt"
        )
    return Dataset.from_list(rows)


def _in_prefix_notation(job: Job) -> Iterator[tuple[str, str]]:
    for problem in problems(job.entry.seed):
        yield problem.prompt, in_prefix_notation(problem)


def _teacher_samples(job: Job) -> Iterator[tuple[str, str]]:
    """One response of the teacher to each prompt, if it is right: rejection sampling."""
    asked = problems(job.entry.seed)
    drawn = samples(
        job.teacher_folder(),
        job.tokenizer(),
        [problem.prompt for problem in asked],
        count=1,
        tokens=_RESPONSE_TOKENS,
        seed=job.entry.seed,
    )
    for problem, responses in zip(asked, drawn, strict=True):
        for response in responses:
            if is_correct(response, problem.answer):
                yield problem.prompt, response


#: Sources of prompts with responses, by the name that a recipe's option ``data`` gives.
SOURCES: dict[str, Callable[[Job], Iterator[tuple[str, str]]]] = {
    "prefix notation": _in_prefix_notation,
    "teacher samples": _teacher_samples,
}


def _turn(tokenizer: PreTrainedTokenizerBase, role: str, text: str) -> _Turns:
    """A turn as TRL reads it: a message for a model with a chat format, else the text alone."""
    return text if tokenizer.chat_template is None else [{"role": role, "content": text}]
