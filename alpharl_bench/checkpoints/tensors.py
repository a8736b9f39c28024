"""The tensors of one model, read from memory-mapped files one at a time."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from alpharl_bench.cache import content_key, file_digest
from alpharl_bench.checkpoints import bin_file, safetensors_file
from alpharl_bench.checkpoints.blocks import row_blocks
from alpharl_bench.checkpoints.candidates import (
    ADAPTER_CONFIG,
    WEIGHT_FILES,
    candidates,
    choice,
    file_names,
    shard_sets,
)
from alpharl_bench.checkpoints.finite import all_finite
from alpharl_bench.checkpoints.stored import StoredTensor
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.limits import INDEX_BYTES
from alpharl_bench.untrusted import read_json

_SLICE = re.compile(r"(?P<stack>.+)\[(?P<index>\d+)\]")


class Weights(ABC):
    """Named tensors of one model.

    ``name[i]`` is the i-th matrix of a stack of them (the experts of a mixture, kept as one 3-D
    tensor): it has a shape and a value like any other name, but is not listed in ``names``.

    Raises:
        AlphaRLBenchError: (on use) see the subclasses.
    """

    #: Whether they leave the disk when those of another checkpoint are read.
    ephemeral = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rounded: dict[tuple[Path, str], bool] = {}

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The names of all tensors, sorted."""

    @property
    @abstractmethod
    def files(self) -> list[Path]:
        """Every file that the values come from."""

    @abstractmethod
    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor; its values are not read."""

    @abstractmethod
    def dtype(self, name: str) -> torch.dtype:
        """The dtype in which a tensor is given; its values are not read."""

    @abstractmethod
    def tensor(self, name: str) -> torch.Tensor:
        """One tensor in its own dtype, on the CPU; every value is finite."""

    @cached_property
    def digest(self) -> str:
        """A key of the content of all files, whatever their folder is called."""
        return content_key(files=sorted((path.name, file_digest(path)) for path in self.files))

    @property
    def notes(self) -> list[str]:
        """What a user should know of these weights, a line each that names the file."""
        return []

    @property
    def doubts(self) -> list[str]:
        """What only the user can settle, a line each: sessions warn of it, the doctor faults it."""
        return []

    @property
    def inherited(self) -> frozenset[str]:
        """The names of tensors that are not these weights' own but the base's, for a reason."""
        return frozenset()

    @property
    def frozen(self) -> Mapping[str, Callable[[], torch.Tensor]]:
        """Copies of the base's tensors that are saved with these weights, by name, to be read."""
        return {}

    @property
    def as_stored(self) -> bool:
        """Whether a library that loads ``folder`` finds these names, shapes and values there."""
        return False

    def file(self, name: str) -> Path:
        """The file, or failing that the folder, that an error about a tensor should name."""
        return self.folder

    def rows(self, name: str, rows: slice) -> torch.Tensor:
        """A part of the first dimension of a tensor, as :meth:`tensor` gives the whole."""
        return self.tensor(name)[rows]

    def part(self, name: str, rows: slice | None) -> torch.Tensor:
        """:meth:`rows` of a tensor, or all of it."""
        return self.tensor(name) if rows is None else self.rows(name, rows)

    def is_coarser(self, base: Weights, name: str) -> bool:
        """Whether the dtype of a tensor cannot hold every value of the base's."""
        mine = self.dtype(name)
        return torch.promote_types(mine, base.dtype(name)) != mine

    def starts_rounded(self, base: Weights, name: str) -> bool:
        """Whether training of a tensor started from the base's, rounded to this one's dtype.

        A float32 base that is trained in bfloat16 is rounded when it is loaded. That is no update,
        and often larger than one. It was so where the tensor is nearer to the rounded base: in its
        first million entries, or those of its stack, by three standard errors.
        """
        if not self.is_coarser(base, name):
            return False
        stack = _stack_of(name)[0]
        place = (base.folder, stack)
        if place not in self._rounded:
            rows = row_blocks(base.shape(stack))[0]
            after, start = self.part(stack, rows).float(), base.part(stack, rows).float()
            rounded = start.to(self.dtype(name)).float()
            nearer = (after - start).square_() - (after - rounded).square_()
            error = nearer.std(correction=0) / nearer.numel() ** 0.5
            self._rounded[place] = bool(nearer.mean() > 3 * error) or torch.equal(after, rounded)
        return self._rounded[place]

    def delta(
        self,
        base: Weights,
        name: str,
        rows: slice | None = None,
        before: Callable[[], torch.Tensor] | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """This tensor minus that of ``base``, float32 on the device of ``out``.

        Both sides are cast first: the difference of two bfloat16 weights, taken in bfloat16, rounds
        away most of a small RL update. Where :meth:`starts_rounded`, the base is rounded before.

        Args:
            base: the weights that training started from.
            name: the name of the tensor.
            rows: only a part of the first dimension.
            before: gives the same part of the base in float32; for those who take the differences
                of many checkpoints from what they read once.
            out: float32 of the result's shape, where it is put; for those who take one after
                another, as new memory costs more than the difference. Tensors travel to its device
                as they are stored.

        Raises:
            AlphaRLBenchError: the shapes differ.
        """
        if self.shape(name) != base.shape(name):
            raise AlphaRLBenchError(
                f"{self.file(name)}: tensor '{name}' has shape {tuple(self.shape(name))}, the base "
                f"{base.folder} has {tuple(base.shape(name))}; is this the run's base?"
            )
        after = self.part(name, rows)
        start = base.part(name, rows) if before is None else before()
        if self.starts_rounded(base, name):
            start = start.to(self.dtype(name))
        # A tensor that is float32 already is a view of its file: nothing may be written into it.
        out = torch.empty(after.shape) if out is None else out
        # On the way to a GPU, copy_ alone would cast on the CPU.
        return out.copy_(after.to(out.device)).sub_(start.to(out.device).float())


def shared(
    base: Weights, name: str, rows: slice | None = None, device: torch.device | str = "cpu"
) -> Callable[[], torch.Tensor]:
    """A tensor (or rows of it) in float32, read when first asked for: see :meth:`Weights.delta`."""
    return cache(lambda: base.part(name, rows).to(device).float())


class WeightFiles(Weights):
    """A Hugging Face model folder: safetensors or legacy ``.bin``, one file or shards and an index.

    Nothing is read before a tensor is asked for, and only that tensor then. Every file is mapped
    for the time of one read: pages of a file that stays mapped count as this process's memory.
    Shards without an index are read if all of them are there.

    Args:
        folder: the folder of the model.
        wanted: file names, an index or weights; the first that is there, with all of its shards, is
            opened.

    Raises:
        AlphaRLBenchError: (on use) no weights, a shard is missing or cut short, a tensor that is
            not there or in two shards without an index, or one with NaN or infinite values.
    """

    def __init__(self, folder: Path, *wanted: str) -> None:
        super().__init__(folder)
        self._wanted = wanted or WEIGHT_FILES
        self._stored: dict[Path, dict[str, StoredTensor]] = {}
        self._headers: dict[Path, dict[str, torch.Tensor]] = {}
        self._known: dict[str, torch.Tensor] = {}

    @property
    def as_stored(self) -> bool:
        """They are what the files hold."""
        return True

    @property
    def present(self) -> bool:
        """Whether the folder holds any of the files."""
        return bool(candidates(file_names(self.folder), self._wanted))

    @property
    def notes(self) -> list[str]:
        """What else in the folder may hold its weights, and shards that were read without index."""
        there = file_names(self.folder)
        found = candidates(there, self._wanted)
        if not found:
            return []
        notes = choice(self.folder, self._chosen, {name: self._members(name) for name in found})
        if self._chosen in shard_sets(there):
            notes.append(
                f"{self.folder}: no index names the tensors of {self._chosen}: all of them are read"
            )
        if ADAPTER_CONFIG in there and self._wanted == WEIGHT_FILES:
            notes.append(
                f"{self.folder}: the whole weights are read; what {ADAPTER_CONFIG} beside them "
                "describes is not added"
            )
        return notes

    @cached_property
    def _chosen(self) -> str:
        """The first of what may hold the weights that lacks nothing."""
        there = file_names(self.folder)
        found = candidates(there, self._wanted)
        lacking = {name: sorted(set(self._members(name)) - there) for name in found}
        whole = [name for name in found if not lacking[name]]
        rivals = [name for name in whole if name in shard_sets(there)]
        if whole and whole[0] in rivals and len(rivals) > 1:
            raise AlphaRLBenchError(
                f"{self.folder}: {' and '.join(rivals)} are all there, and no index says which are "
                "the weights; link the shards of one into a folder of their own"
            )
        if whole:
            return whole[0]
        if found:
            each = "; ".join(f"{name} lacks {', '.join(lacking[name])}" for name in found)
            raise AlphaRLBenchError(
                f"{self.folder}: {each}; copy the missing shard or save the checkpoint again"
            )
        raise AlphaRLBenchError(
            f"{self.folder}: no weights here; looked for {', '.join(self._wanted)}"
        )

    def _members(self, name: str) -> list[str]:
        """The files that hold the tensors, also those that are missing."""
        if name.endswith(".json"):
            return sorted(set(_weight_map(self.folder / name).values()))
        of = shard_sets(file_names(self.folder)).get(name)
        return [name] if of is None else [*of.files, *of.missing]

    @cached_property
    def _file_of(self) -> dict[str, Path]:
        name = self._chosen
        if name.endswith(".json"):
            return {
                tensor: self.folder / file
                for tensor, file in _weight_map(self.folder / name).items()
            }
        found: dict[str, Path] = {}
        for path in (self.folder / file for file in self._members(name)):
            for tensor in self._stored_in(path):
                if tensor in found:
                    raise AlphaRLBenchError(
                        f"{path}: tensor '{tensor}' is also in {found[tensor].name}, and no index "
                        "says which one counts; write the index"
                    )
                found[tensor] = path
        return found

    @cached_property
    def names(self) -> list[str]:
        """The names of all tensors, sorted."""
        return sorted(self._file_of)

    @property
    def files(self) -> list[Path]:
        """The files with weights, sorted."""
        return sorted(set(self._file_of.values()))

    def file(self, name: str) -> Path:
        """The file that holds a tensor.

        Raises:
            AlphaRLBenchError: there is no such tensor.
        """
        stack = _stack_of(name)[0]
        if stack not in self._file_of:
            raise AlphaRLBenchError(f"{self.folder}: there is no tensor '{stack}'")
        return self._file_of[stack]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, from the file's header alone."""
        return tuple(self._header(name).shape)

    def dtype(self, name: str) -> torch.dtype:
        """The dtype in which a tensor is stored."""
        return self._header(name).dtype

    def _header(self, name: str) -> torch.Tensor:
        """A tensor of the shape and dtype of another, without its values."""
        if name in self._known:
            return self._known[name]
        path, (stack, index) = self.file(name), _stack_of(name)
        if path not in self._headers:
            self._headers[path] = self._headers_in(path)
        if stack not in self._headers[path]:
            raise AlphaRLBenchError(f"{path}: tensor '{stack}': the file does not hold it")
        header = self._headers[path][stack]
        try:
            self._known[name] = header if index is None else header[index]
        except IndexError as error:
            raise AlphaRLBenchError(f"{path}: tensor '{name}': {error}") from error
        return self._known[name]

    def _headers_in(self, path: Path) -> dict[str, torch.Tensor]:
        return {name: stored.header() for name, stored in self._stored_in(path).items()}

    def _stored_in(self, path: Path) -> dict[str, StoredTensor]:
        if path not in self._stored:
            self._stored[path] = _tensors_in(path)
        return self._stored[path]

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor in its stored dtype, on the CPU; every value is finite."""
        return self._finite(name, self._mapped(name))

    def rows(self, name: str, rows: slice) -> torch.Tensor:
        """A part of the first dimension of a tensor; no more of the file is read."""
        return self._finite(name, self._mapped(name)[rows])

    def _finite(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        if not all_finite(tensor):
            raise AlphaRLBenchError(
                f"{self.file(name)}: tensor '{name}' holds NaN or infinite values; the training "
                "diverged or the file is damaged"
            )
        return tensor

    def _mapped(self, name: str) -> torch.Tensor:
        """The tensor as a view of its mapped file: its values are read when they are used."""
        path, (stack, index) = self.file(name), _stack_of(name)
        stored = self._stored_in(path)
        if stack not in stored:
            raise AlphaRLBenchError(f"{path}: tensor '{stack}': the file does not hold it")
        tensor = stored[stack].mapped(path)
        try:
            return tensor if index is None else tensor[index]
        except IndexError as error:
            raise AlphaRLBenchError(f"{path}: tensor '{name}': {error}") from error


class _Index(BaseModel):
    """The part of an index file that is read: which shard holds a tensor."""

    weight_map: dict[str, str]


_INDEX = TypeAdapter(_Index)


def _weight_map(index: Path) -> dict[str, str]:
    return read_json(index, _INDEX, "an index of weight files", INDEX_BYTES).weight_map


def _stack_of(name: str) -> tuple[str, int | None]:
    """``experts.up_proj[3]`` → (``experts.up_proj``, 3); any other name is itself."""
    match = _SLICE.fullmatch(name) if name.endswith("]") else None
    return (match["stack"], int(match["index"])) if match else (name, None)


def _tensors_in(path: Path) -> dict[str, StoredTensor]:
    if path.suffix == ".bin":
        return bin_file.tensors_in(path)
    return safetensors_file.tensors_in(path)
