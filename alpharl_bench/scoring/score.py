"""What scoring a variant yields: every sampled response's mark, and where it came from."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.grading import Mark
from alpharl_bench.scoring.metrics import majority_at_k, mean_at_k, pass_at_k

_MARKS = f"^[{''.join(sorted(Mark))}]+$".replace("-", r"\-")


class Provenance(BaseModel):
    """Enough to tell two scores apart and to make one again.

    ``tokenizer`` says whose, the base's or the checkpoint's; ``notes`` are what is to be known of
    run and variant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    run_digest: str
    sampling_key: str
    tasks: tuple[str, ...]
    questions_per_task: int | None
    samples_per_question: int
    seed: int
    prompt: str
    engine: str
    dtype: str
    device: str
    batch_size: int
    packages: dict[str, str]
    tokenizer: str = "base"
    notes: tuple[str, ...] = ()


class Responses(BaseModel):
    """What became of the responses to one question, in the order in which they were sampled.

    ``marks`` holds a :class:`~alpharl_bench.grading.Mark` each, ``answers`` the final answer in the
    form in which it votes, None where there was none. Of a match they are how it ended (``RIGHT``:
    won) and what it paid. ``exact`` says of each whether it is the worked solution to the letter,
    ``1`` or ``0``; it is empty where the task has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    marks: Annotated[str, StringConstraints(pattern=_MARKS)]
    answers: tuple[str | None, ...]
    exact: Annotated[str, StringConstraints(pattern="^[01]*$")] = ""

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if len(self.marks) != len(self.answers):
            raise ValueError("as many answers as marks")
        if self.exact and len(self.exact) != len(self.marks):
            raise ValueError("exact: as many as marks, or none")
        return self

    def first(self, samples: int) -> "Responses":
        """The first ones only."""
        return Responses(
            marks=self.marks[:samples],
            answers=self.answers[:samples],
            exact=self.exact[:samples],
        )


class KuhnPolicy(BaseModel):
    """How a model plays Kuhn Poker, read from the probabilities of its responses.

    By information set, as OpenSpiel names it (``2pb``: the king after a check and a bet):
    ``active`` is the probability of bet or call among the two legal moves, ``off_rules`` that of
    any other response. ``exploitability`` is in chips a hand.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    active: dict[str, float]
    off_rules: dict[str, float]
    exploitability: float


class Asked(NamedTuple):
    """What comes of asking a model: a score's responses, and its policy where it played poker."""

    responses: dict[str, dict[str, Responses]]
    kuhn_policy: KuhnPolicy | None = None


_Asked = Annotated[dict[str, Responses], Field(min_length=1)]


class Score(BaseModel):
    """Every sampled response of one variant of one run: task, then question, then response."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: str
    look: int = 0
    responses: Annotated[dict[str, _Asked], Field(min_length=1)]
    kuhn_policy: KuhnPolicy | None = None
    provenance: Provenance

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return tuple(self.responses)

    @cached_property
    def questions(self) -> tuple[tuple[str, str], ...]:
        """(task, question id) of every question, in a fixed order."""
        return tuple((task, q) for task, asked in self.responses.items() for q in asked)

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """The marks of every question, in the order of ``questions``."""
        return tuple(r.marks for asked in self.responses.values() for r in asked.values())

    @cached_property
    def per_question(self) -> np.ndarray:
        """(n_questions,) float64: the share of right responses to every question."""
        return np.array([mean_at_k(marks) for marks in self.marks])

    @cached_property
    def readable(self) -> np.ndarray:
        """(n_questions,) float64: the share of responses with an answer that could be read."""
        unread = (Mark.NO_ANSWER, Mark.STOPPED)
        return np.array([1 - mean(m in unread for m in marks) for marks in self.marks])

    @property
    def readable_accuracy(self) -> float:
        """Right responses over readable ones, each the mean over tasks; 0 if none is readable."""
        unread = (Mark.NO_ANSWER, Mark.STOPPED)
        shares = [1 - sum(self.task_share(task, mark) for mark in unread) for task in self.tasks]
        return self.accuracy / mean(shares) if any(shares) else 0.0

    @property
    def exact_share(self) -> float | None:
        """The share of responses that are the worked solution to the letter; None without one."""
        exact = [r.exact for asked in self.responses.values() for r in asked.values()]
        return mean(map(int, "".join(exact))) if all(exact) else None

    @property
    def samples_per_question(self) -> int:
        """How many responses every question has."""
        return min(map(len, self.marks))

    @property
    def accuracy(self) -> float:
        """mean@k, the mean over tasks (the paper's Avg.)."""
        return float(np.mean([self.task_accuracy(task) for task in self.tasks]))

    def task_accuracy(self, task: str) -> float:
        """mean@k of one task."""
        return float(np.mean([mean_at_k(r.marks) for r in self.responses[task].values()]))

    def task_pass(self, task: str, k: int | None = None) -> float:
        """pass@k of one task; k is the number of samples unless given."""
        return float(np.mean([pass_at_k(r.marks, k) for r in self.responses[task].values()]))

    def task_majority(self, task: str) -> float:
        """maj@k of one task."""
        asked = self.responses[task].values()
        return float(np.mean([majority_at_k(r.marks, r.answers) for r in asked]))

    def task_share(self, task: str, mark: Mark) -> float:
        """The share of one task's responses with this mark."""
        marks = "".join(r.marks for r in self.responses[task].values())
        return marks.count(mark) / len(marks)

    def task_payoff(self, task: str) -> float:
        """The mean payoff of the matches of one game."""
        paid = [float(p) for r in self.responses[task].values() for p in r.answers if p is not None]
        return float(np.mean(paid))

    def share(self, mark: Mark) -> float:
        """The share of responses with this mark."""
        marks = "".join(self.marks)
        return marks.count(mark) / len(marks)

    def first(self, samples: int) -> "Score":
        """The score of the first responses to every question only."""
        if samples >= max(map(len, self.marks)):
            return self
        return self._with(
            {
                task: {q: r.first(samples) for q, r in asked.items()}
                for task, asked in self.responses.items()
            }
        )

    def _with(self, responses: dict[str, dict[str, Responses]]) -> "Score":
        return Score(
            variant=self.variant,
            look=self.look,
            responses=responses,
            kuhn_policy=self.kuhn_policy,
            provenance=self.provenance,
        )


def joined(scores: Sequence[Score]) -> Score:
    """One score with the responses of several looks at the same variant, one after the other.

    Raises:
        ValueError: they are not of the same variant and the same questions.
    """
    first = scores[0]
    if any((s.variant, s.questions) != (first.variant, first.questions) for s in scores):
        raise ValueError("only looks at the same variant and questions can be joined")
    return first._with(  # noqa: SLF001  (of this module)
        {
            task: {q: _chained(s.responses[task][q] for s in scores) for q in asked}
            for task, asked in first.responses.items()
        }
    )


def read_scores(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> list[Score]:
    """Read a file of scores, one JSON object a line.

    Args:
        path: the path of the file.
        read: returns its text.

    Raises:
        AlphaRLBenchError: the file is missing, or a line of it is not a score.
    """
    try:
        lines = read(path).splitlines()
        return [Score.model_validate_json(line) for line in lines]
    except OSError as error:
        raise AlphaRLBenchError(f"{path}: no stored scores here ({error.strerror})") from error
    except ValidationError as error:
        faults = "; ".join(faults_of(error))
        raise AlphaRLBenchError(f"{path}: not a file of scores: {faults}") from error


def _chained(looks: Iterable[Responses]) -> Responses:
    parts = list(looks)
    return Responses(
        marks="".join(part.marks for part in parts),
        answers=tuple(answer for part in parts for answer in part.answers),
        exact="".join(part.exact for part in parts) if all(part.exact for part in parts) else "",
    )
