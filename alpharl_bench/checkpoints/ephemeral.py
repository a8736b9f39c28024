"""Checkpoints on the Hub of which the disk holds one at a time."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, TypeAdapter, ValidationError

from alpharl_bench.cache import cache_root, content_key, locked, write_whole
from alpharl_bench.checkpoints.aligned import AlignedWeights
from alpharl_bench.checkpoints.hub import HubFolder
from alpharl_bench.checkpoints.run import Checkpoint, Run
from alpharl_bench.checkpoints.tensors import WeightFiles, Weights
from alpharl_bench.lazy import torch

_PLACE = TypeAdapter(HubFolder)


def with_ephemeral_weights(run: Run) -> Run:
    """The same run, of whose checkpoints on the Hub the disk holds one at a time."""
    return replace(
        run,
        checkpoints=tuple(_EphemeralCheckpoint(of.step, of.location) for of in run.checkpoints),
    )


class _EphemeralCheckpoint(Checkpoint):
    """A checkpoint whose weights leave the disk; an adapter is small enough to stay."""

    def weights(self, base: Weights) -> Weights:
        place = self.location
        if isinstance(place, HubFolder) and place.adapter_config() is None:
            return AlignedWeights(EphemeralWeights(place), base)
        return super().weights(base)


class _Header(BaseModel):
    file: str
    shape: tuple[int, ...]
    dtype: str


class _About(BaseModel):
    """What is known of a checkpoint while its weights are not here."""

    digest: str
    tensors: dict[str, _Header]


class EphemeralWeights(WeightFiles):
    """The weights of a checkpoint that leave the disk when those of another are read.

    Names, shapes, dtypes and digest are kept in the package's cache. Who reads a value has all of
    the checkpoint fetched; those who read several side by side would fetch them again and again.

    Args:
        place: the checkpoint; no adapter.

    Raises:
        AlphaRLBenchError: (on use) as :class:`WeightFiles`, and :meth:`HubFolder.download`.
    """

    ephemeral = True

    def __init__(self, place: HubFolder) -> None:
        super().__init__(place.snapshot())
        self._place = place

    @property
    def digest(self) -> str:
        """The key of the content, as of the same weights anywhere."""
        return self._about.digest

    @cached_property
    def _file_of(self) -> dict[str, Path]:
        return {name: self.folder / of.file for name, of in self._about.tensors.items()}

    def _headers_in(self, path: Path) -> dict[str, torch.Tensor]:
        return {
            name: torch.empty(of.shape, dtype=getattr(torch, of.dtype), device="meta")
            for name, of in self._about.tensors.items()
            if of.file == path.name
        }

    def _mapped(self, name: str) -> torch.Tensor:
        _SLOT.fetch(self._place)
        return super()._mapped(name)

    @cached_property
    def _about(self) -> _About:
        key = content_key(place=str(self._place), commit=self._place.commit())
        kept = _folder() / f"{key}.json"
        if kept.is_file():
            try:
                return _About.model_validate_json(kept.read_bytes())
            except ValidationError:
                pass  # After a crash of the machine the file may be there without its content.
        _SLOT.fetch(self._place)
        here = WeightFiles(self.folder)
        about = _About(
            digest=here.digest,
            tensors={
                name: _Header(
                    file=here.file(name).name,
                    shape=here.shape(name),
                    dtype=str(here.dtype(name)).removeprefix("torch."),
                )
                for name in here.names
            },
        )
        write_whole(kept, about.model_dump_json())
        return about


class DownloadSlot:
    """Where one ephemeral checkpoint lies at a time, the last that was read.

    What was in the Hub's cache before stays there. A process that has read one keeps the place to
    itself; what a killed one left is the next one's.
    """

    def __init__(self) -> None:
        self._mutex = Lock()
        self._mine: ExitStack | None = None
        self._place: HubFolder | None = None

    def fetch(self, place: HubFolder) -> None:
        """Have this checkpoint on the disk, and no other that was fetched so."""
        with self._mutex:
            if place == self._place:
                return
            record = _folder() / "here.json"
            if self._mine is None:
                self._mine = ExitStack()
                self._mine.enter_context(locked(record))
            # Until the download is whole nothing is here: it may fail.
            self._place = None
            before = _recorded(record)
            if before is not None and before != place:
                before.remove_weights()
                record.unlink()
            if place.cached() is None:
                # Before it is fetched: of a download that is cut off the next one must know.
                write_whole(record, _PLACE.dump_json(place).decode())
            place.download()
            self._place = place

    def clear(self) -> None:
        """Leave the place to others, as the end of the process does."""
        with self._mutex:
            if self._mine is not None:
                self._mine.close()
            self._mine = self._place = None


_SLOT = DownloadSlot()


def _folder() -> Path:
    return cache_root() / "ephemeral"


def _recorded(record: Path) -> HubFolder | None:
    try:
        return _PLACE.validate_json(record.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
