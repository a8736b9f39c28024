"""What each trainer is fed: prompts, worked solutions, a teacher's samples, pairs.

All are made from the same prompts, none of which is held out for scoring. To add a source that SFT
can learn from, write its function and one line in ``SOURCES``.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import (
    FAMILIES,
    Family,
    Problem,
    in_prefix_notation,
    training_problems,
)
from alpharl_bench.registry import unknown
from alpharl_bench.training.job import Job
from alpharl_bench.training.rewards import is_right
from alpharl_bench.training.samples import samples

#: Of all families of a run together.
_PROMPTS = 6000

_Turns = str | list[dict[str, str]]


def problems(job: Job) -> list[tuple[Family, Problem]]:
    """The problems of a run, all its families alike, none of them held out for scoring.

    Raises:
        AlphaRLBenchError: the model names a family that does not exist.
    """
    for family in job.families:
        if family not in FAMILIES:
            raise AlphaRLBenchError(
                f"models/{job.entry.model}.toml: trained_on: {unknown('family', family, FAMILIES)}"
            )
    return [
        (FAMILIES[family], problem)
        for family in job.families
        for problem in islice(
            training_problems(family, job.entry.seed), _PROMPTS // len(job.families)
        )
    ]


def prompts(job: Job) -> Dataset:
    """``prompt``, ``answer`` and ``kind``, for trainers that sample responses themselves."""
    tokenizer = job.tokenizer()
    return Dataset.from_list(
        [
            {
                "prompt": _turn(tokenizer, "user", problem.prompt),
                "answer": family.gold(problem),
                "kind": family.kind,
            }
            for family, problem in problems(job)
        ]
    )


def solutions(job: Job, source: str, count: int = 1) -> Dataset:
    """``prompt`` and ``completion``, for SFT; the loss is on the completions alone.

    Args:
        job: the run.
        source: one of ``SOURCES``.
        count: responses that are sampled to each prompt, where the source samples some.

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
        for prompt, response in SOURCES[source](job, count)
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
    tokenizer = job.tokenizer()
    rows = []
    for family, problem, responses in _drawn(job, job.base, count):
        marked = [(r, is_right(family.kind, family.gold(problem), r)) for r in responses]
        right = next((r for r, is_so in marked if is_so), None)
        wrong = next((r for r, is_so in marked if not is_so), None)
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


def _worked_solutions(job: Job, _count: int) -> Iterator[tuple[str, str]]:
    for _, problem in problems(job):
        yield problem.prompt, problem.worked_solution


def _own_samples(job: Job, count: int) -> Iterator[tuple[str, str]]:
    return _right_samples(job, job.base, count)


def _in_prefix_notation(job: Job, _count: int) -> Iterator[tuple[str, str]]:
    for _, problem in problems(job):
        yield problem.prompt, in_prefix_notation(problem)


def _equations(job: Job, _count: int) -> Iterator[tuple[str, str]]:
    for _, problem in problems(job):
        yield problem.prompt, problem.steps[-1]


def _teacher_samples(job: Job, count: int) -> Iterator[tuple[str, str]]:
    return _right_samples(job, job.teacher_folder(), count)


def _right_samples(job: Job, model: Path, count: int) -> Iterator[tuple[str, str]]:
    """The first right response of a model to each prompt that has one: rejection sampling."""
    for family, problem, responses in _drawn(job, model, count):
        right = (r for r in responses if is_right(family.kind, family.gold(problem), r))
        if (first := next(right, None)) is not None:
            yield problem.prompt, first


def _drawn(job: Job, model: Path, count: int) -> Iterator[tuple[Family, Problem, list[str]]]:
    """The responses of a model to each problem of a run."""
    asked = problems(job)
    drawn = samples(
        model,
        job.tokenizer(),
        [problem.prompt for _, problem in asked],
        count=count,
        tokens=max(FAMILIES[family].tokens for family in job.families),
        seed=job.entry.seed,
    )
    for (family, problem), responses in zip(asked, drawn, strict=True):
        yield family, problem, responses


#: Sources of prompts with responses, by the name that a recipe's option ``data`` gives.
SOURCES: dict[str, Callable[[Job, int], Iterator[tuple[str, str]]]] = {
    "worked solutions": _worked_solutions,
    "own samples": _own_samples,
    "prefix notation": _in_prefix_notation,
    "equations": _equations,
    "teacher samples": _teacher_samples,
}


def _turn(tokenizer: PreTrainedTokenizerBase, role: str, text: str) -> _Turns:
    """A turn as TRL reads it: a message for a model with a chat format, else the text alone."""
    return text if tokenizer.chat_template is None else [{"role": role, "content": text}]
