"""What scoring a variant yields: which sampled responses were correct, and where that came from."""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from alpharl_bench.errors import AlphaRLBenchError, faults_of


class Provenance(BaseModel):
    """Enough to tell two scores apart and to make one again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    run_digest: str
    sampling_key: str
    questions_per_task: int
    samples_per_question: int
    seed: int
    engine: str
    device: str
    packages: dict[str, str]


class Score(BaseModel):
    """The correctness of every sample of every question of one variant of one run.

    ``correct`` maps a task to its questions' ids and, per question, one character per sample:
    ``1`` correct, ``0`` not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: str
    correct: dict[str, dict[str, Annotated[str, StringConstraints(pattern="^[01]+$")]]]
    provenance: Provenance

    @property
    def questions(self) -> tuple[tuple[str, str], ...]:
        """(task, question id) of every question, in a fixed order."""
        return tuple((task, q) for task, answers in self.correct.items() for q in answers)

    @property
    def per_question(self) -> np.ndarray:
        """(n_questions,) float64: the share of correct samples of every question."""
        return np.array(
            [
                marks.count("1") / len(marks)
                for answers in self.correct.values()
                for marks in answers.values()
            ]
        )

    @property
    def accuracy(self) -> float:
        """mean@k over all questions."""
        return float(self.per_question.mean())

    def task_accuracy(self, task: str) -> float:
        """mean@k of one task."""
        marks = "".join(self.correct[task].values())
        return marks.count("1") / len(marks)


def read_scores(path: Path) -> list[Score]:
    """Read a file of scores, one JSON object a line.

    Raises:
        AlphaRLBenchError: the file is missing, or a line of it is not a score.
    """
    try:
        lines = path.read_bytes().splitlines()
        return [Score.model_validate_json(line) for line in lines]
    except OSError as error:
        raise AlphaRLBenchError(f"{path}: no stored scores here ({error.strerror})") from error
    except ValidationError as error:
        faults = "; ".join(faults_of(error))
        raise AlphaRLBenchError(f"{path}: not a file of scores: {faults}") from error
