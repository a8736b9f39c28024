"""How fast models of a kind were scored here: noted with every score, read by plans and budgets."""

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Self

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from alpharl_bench.cache import cache_root, content_key, write_whole
from alpharl_bench.device import planned_device
from alpharl_bench.scoring.engines import EngineOptions
from alpharl_bench.scoring.sampling import Sampling
from alpharl_bench.untrusted import read_text

#: Bytes of one note, and how many of them are read.
_NOTE_BYTES, _NOTES = 1000, 200


@dataclass(frozen=True)
class Effort:
    """What one score took.

    Args:
        responses: their number.
        tokens: how many were generated, end tokens and what stands behind them not counted.
        seconds: the wall-clock time of one worker, the start of its engine not counted.
    """

    responses: int
    tokens: int
    seconds: float


@dataclass(frozen=True)
class Pace:
    """What one response takes.

    Args:
        tokens: their mean number.
        seconds: the median over scores, of one worker that generates them together.
        scores: how many it was measured on.
    """

    tokens: float
    seconds: float
    scores: int

    @property
    def rate(self) -> float:
        """Tokens per second of one worker."""
        return self.tokens / self.seconds

    @classmethod
    def of(cls, efforts: Iterable[Effort]) -> Self | None:
        """None where nothing was measured."""
        found = [one for one in efforts if one.responses and one.tokens and one.seconds > 0]
        if not found:
            return None
        responses = sum(one.responses for one in found)
        return cls(
            tokens=sum(one.tokens for one in found) / responses,
            seconds=median(one.seconds / one.responses for one in found),
            scores=len(found),
        )


def pace_folder(model: str, sampling: Sampling, engine: EngineOptions) -> Path:
    """Where efforts are noted: of one model, asked one kind of questions by one engine.

    Args:
        model: the name of the model that was trained.
        sampling: the questions; how many of them is the same.
        engine: the engine that asks.
    """
    key = content_key(
        model=model,
        tasks=sampling.tasks,
        prompt=sampling.prompt,
        tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        engine=engine.name,
        dtype=engine.dtype,
        gpus=engine.tensor_parallel,
        device=planned_device("auto"),
    )
    return cache_root() / "pace" / key


def note_effort(folder: Path, score: Path, effort: Effort) -> None:
    """Keep what the score in a file took."""
    name = content_key(store=score.parent.name, score=score.stem)
    write_whole(folder / f"{name}.json", _EFFORT.dump_json(effort).decode())


def measured_pace(folder: Path) -> Pace | None:
    """What is noted in a folder; None where nothing is."""
    notes = sorted(folder.glob("[!.]*.json"))[:_NOTES]
    return Pace.of(_EFFORT.validate_json(read_text(note, _NOTE_BYTES)) for note in notes)


_EFFORT = TypeAdapter(Effort)
