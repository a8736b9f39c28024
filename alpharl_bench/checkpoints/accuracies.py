"""How well each checkpoint does, as far as the run's own folder says: the y of Property 2."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from alpharl_bench.checkpoints.local import find_in
from alpharl_bench.errors import AlphaRLBenchError, faults_of, reason_of
from alpharl_bench.limits import ACCURACIES_BYTES, TRAINER_STATE_BYTES
from alpharl_bench.untrusted import parsed, read_json, read_text

_STATE = "trainer_state.json"


@dataclass(frozen=True)
class Accuracies:
    """One figure per step.

    Args:
        values: the accuracies by step; a trainer's log may have none of a checkpoint.
        source: the file that they were read from.
        measure: the name of the measure.
        notes: what of the file is not used, a line each.
    """

    values: Mapping[int, float]
    source: Path
    measure: str
    notes: tuple[str, ...] = ()


def read_accuracies(folder: Path, steps: Sequence[int]) -> Accuracies | None:
    """What a run's folder says about how well its checkpoints do; None if it says nothing.

    ``accuracies.json`` goes first (``{"10": 0.31}`` or ``[{"step": 10, "accuracy": 0.31}]``), then
    ``accuracies.csv`` (columns step and accuracy), then the rewards that TRL logged into
    ``trainer_state.json``: for a checkpoint their mean since the checkpoint before it. That log was
    not written for this: what of it is no reward of a step is left out, with a note.

    Args:
        folder: the folder of the run or of its one checkpoint, or ``DIR/name-step-*``.
        steps: the steps of its checkpoints that are of interest; files of later ones are not read.

    Raises:
        AlphaRLBenchError: a file of accuracies cannot be read, a step is there twice or missing, or
            an accuracy is not a fraction.
    """
    found = find_in(folder)
    if found is None:
        return None
    tops = dict.fromkeys((folder, found.container))
    last = found.checkpoints[max(steps)]
    for name, read in _READERS.items():
        for path in (top / name for top in tops):
            if path.is_file():
                values = _fractions(path, read(path))
                return Accuracies(_complete(path, values, steps), path, "accuracy")
    logs = [_logged(path, steps) for top in (last, *tops) if (path := top / _STATE).is_file()]
    return next((log for log in logs if log.values), next((log for log in logs if log.notes), None))


def accuracies_in(path: Path, steps: Sequence[int]) -> Accuracies:
    """What a file that a user names says: ``.json`` or ``.csv``, as for :func:`read_accuracies`.

    Raises:
        AlphaRLBenchError: it is of another kind, not there, or not as it should be.
    """
    reader = next((read for name, read in _READERS.items() if name.endswith(path.suffix)), None)
    if reader is None or not path.suffix or not path.is_file():
        raise AlphaRLBenchError(f"{path}: no such file of accuracies, .json or .csv")
    return Accuracies(_complete(path, _fractions(path, reader(path)), steps), path, "accuracy")


class _Point(BaseModel):
    """An accuracy; strict, for JSON's true and the text "31 %" are none."""

    step: Annotated[int, Field(ge=0)]
    accuracy: Annotated[float, Field(strict=True)]


class _Logged(BaseModel):
    """The part of an entry of a trainer's log that is read."""

    step: int
    reward: float | None = None


class _TrainerState(BaseModel):
    """The part of a trainer's state that is read."""

    log_history: list[Any] = []


_STATE_OF = TypeAdapter(_TrainerState)


def _from_json(path: Path) -> list[_Point]:
    text = _text(path)
    try:
        parsed(text)  # Python's parser has no bound on depth.
        content: Any = json.loads(text, object_pairs_hook=_pairs)
    except ValueError as error:
        raise AlphaRLBenchError(f"{path}: not JSON: {reason_of(error)}") from error
    if isinstance(content, _Pairs):
        content = [{"step": step, "accuracy": accuracy} for step, accuracy in content.items]
    elif isinstance(content, list):
        content = [dict(row.items) if isinstance(row, _Pairs) else row for row in content]
    return _points(path, content)


def _from_csv(path: Path) -> list[_Point]:
    # Imported here: only this format needs it.
    import pandas as pd  # noqa: PLC0415

    try:
        rows = pd.read_csv(StringIO(_text(path)), skipinitialspace=True).to_dict("records")
    except ValueError as error:
        raise AlphaRLBenchError(f"{path}: not a table: {reason_of(error)}") from error
    return _points(path, rows)


def _text(path: Path) -> str:
    try:
        return read_text(path, ACCURACIES_BYTES)
    except OSError as error:
        raise AlphaRLBenchError(f"{path}: cannot be read ({error.strerror})") from error


_READERS: dict[str, Callable[[Path], list[_Point]]] = {
    "accuracies.json": _from_json,
    "accuracies.csv": _from_csv,
}


@dataclass(frozen=True)
class _Pairs:
    """A JSON object that still has the keys that stand in it twice."""

    items: Sequence[tuple[str, Any]]


def _pairs(items: Sequence[tuple[str, Any]]) -> _Pairs:
    return _Pairs(items)


def _points(path: Path, content: object) -> list[_Point]:
    try:
        return TypeAdapter(list[_Point]).validate_python(content)
    except ValidationError as error:
        raise AlphaRLBenchError(
            f"{path}: not a table of step and accuracy: {'; '.join(faults_of(error))}"
        ) from error


def _fractions(path: Path, points: Iterable[_Point]) -> dict[int, float]:
    values: dict[int, float] = {}
    for point in points:
        if point.step in values:
            raise AlphaRLBenchError(f"{path}: step {point.step} is there twice; name it once")
        if not 0 <= point.accuracy <= 1:
            raise AlphaRLBenchError(
                f"{path}: accuracy {point.accuracy:g} at step {point.step} is not a fraction of 1; "
                "divide percentages by 100"
            )
        values[point.step] = point.accuracy
    return values


def _logged(path: Path, steps: Sequence[int]) -> Accuracies:
    """The rewards of a trainer's log, as far as it has them."""
    measure = "mean training reward"
    try:
        state = read_json(path, _STATE_OF, "the state of a trainer", TRAINER_STATE_BYTES)
        history = state.log_history
    except AlphaRLBenchError as error:
        return Accuracies({}, path, measure, (f"{error}; it is not used",))
    rewards, odd = [], 0
    for entry in history:
        try:
            logged = _Logged.model_validate(entry)
        except ValidationError:
            # Entries of other callbacks may have no step; those without a reward are of no use.
            odd += isinstance(entry, dict) and "reward" in entry
            continue
        if logged.reward is not None and math.isfinite(logged.reward):
            rewards.append((logged.step, logged.reward))
        elif logged.reward is not None:
            odd += 1
    values = _means(rewards, steps) if rewards else {}
    notes = []
    if odd:
        notes.append(f"{path}: {odd} rewards without a step, or that are not finite, are left out")
    if values and (missing := _missing(values, steps)):
        notes.append(f"{path}: logs no reward between the checkpoints before step {missing} and it")
    return Accuracies(values, path, measure, tuple(notes))


def _means(rewards: Sequence[tuple[int, float]], steps: Sequence[int]) -> dict[int, float]:
    means = {}
    before = -1
    for step in sorted(steps):
        window = [reward for at, reward in rewards if before < at <= step]
        if window:
            means[step] = math.fsum(window) / len(window)
        before = step
    return means


def _complete(path: Path, values: dict[int, float], steps: Sequence[int]) -> dict[int, float]:
    if missing := _missing(values, steps):
        raise AlphaRLBenchError(f"{path}: nothing for the checkpoints at step {missing}; add them")
    return values


def _missing(values: Mapping[int, float], steps: Sequence[int]) -> str:
    return ", ".join(str(step) for step in sorted(steps) if step not in values)
