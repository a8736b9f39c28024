"""Trajectories of sparse deltas: what TRL's asynchronous GRPO publishes at every sync of weights.

``anchors/step_000001.safetensors`` holds a whole model, ``deltas/step_000002.safetensors`` the new
values of the entries that changed since version 1 (huggingface/trl#5417, #5937; the format is
described in huggingface/blog, ``delta-weight-sync.md``). A delta gives for every tensor that
changed, in row-major order,

- ``NAME.indices`` (k,) int32 and ``NAME.values`` (k,): places and new values (#5417); or
- ``NAME.idx`` and ``NAME.val``, where the metadatum ``encoding`` says what ``idx`` is: ``raw``, the
  places, or ``gap_delta``, how many entries lie between one place and the next (#5937).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open

from alpharl_bench.cache import content_key, file_digest
from alpharl_bench.checkpoints.tensors import WeightFiles, Weights
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.lazy import torch
from alpharl_bench.untrusted import opened

#: The folders of whole models and of changes.
ANCHORS, DELTAS = "anchors", "deltas"
_VERSION = re.compile(r"step_(\d+)\.safetensors")
# How the tensors of places and of values are called, and how places are written by default.
_ENDINGS = ((".indices", ".values", "raw"), (".idx", ".val", "gap_delta"))


@dataclass(frozen=True)
class Chain:
    """What makes the weights of a version: deltas, ascending, upon an anchor or the base."""

    anchor: Path | None
    deltas: tuple[Path, ...]


class _Patch(NamedTuple):
    """The new entries of one tensor: (k,) int64 places in row-major order, and (k,) values."""

    places: torch.Tensor
    values: torch.Tensor


def is_version(path: Path) -> bool:
    """Whether a path is the file of a version."""
    return path.parent.name in {ANCHORS, DELTAS} and bool(_VERSION.fullmatch(path.name))


class SparseDeltaWeights(Weights):
    """The weights of one version: an anchor, or the base, with all deltas since in order.

    A delta holds values and no differences, so nothing is rounded. Where there is no anchor before
    it, the base is cast to the dtype of the values, as the engine that receives them has it. Every
    tensor is made when it is asked for.

    Args:
        path: the file of the version.
        base: the weights that training started from.

    Raises:
        AlphaRLBenchError: (on use) a file is damaged, says that it is another version, is encoded
            in an unknown way, or changes what its anchor does not have.
    """

    def __init__(self, path: Path, base: Weights) -> None:
        super().__init__(path)
        self._base = base

    @cached_property
    def _chain(self) -> Chain:
        top = self.folder.parent.parent
        match = _VERSION.fullmatch(self.folder.name)
        chains = chains_of(*published(top))
        if match is None or int(match[1]) not in chains:
            raise AlphaRLBenchError(f"{self.folder}: a delta before this version is not there")
        chain = chains[int(match[1])]
        for path in chain.deltas:
            _require_version(path, sparse=True)
        if chain.anchor is not None:
            _require_version(chain.anchor, sparse=False)
        return chain

    @cached_property
    def _before(self) -> Weights:
        """What the deltas are applied to."""
        anchor = self._chain.anchor
        return self._base if anchor is None else WeightFiles(anchor.parent, anchor.name)

    @cached_property
    def _patches(self) -> list[tuple[WeightFiles, str, Mapping[str, tuple[str, str]]]]:
        """Each delta with its encoding, and its places and values by the name of a tensor."""
        patches: list[tuple[WeightFiles, str, Mapping[str, tuple[str, str]]]] = []
        for path in self._chain.deltas:
            delta = WeightFiles(path.parent, path.name)
            keys = _keys(path, delta.names)
            if odd := sorted(keys.keys() - set(self._before.names)):
                raise AlphaRLBenchError(
                    f"{path}: changes '{odd[0]}', which {self._before.folder} does not have; is "
                    "this the run's base?"
                )
            patches.append((delta, _encoding(path, delta.names), keys))
        return patches

    @property
    def names(self) -> list[str]:
        """The names of all tensors, sorted."""
        return self._before.names

    @property
    def files(self) -> list[Path]:
        """The anchor, if there is one, and the deltas since, in their order."""
        chain = self._chain
        return [*([] if chain.anchor is None else [chain.anchor]), *chain.deltas]

    @cached_property
    def digest(self) -> str:
        """A key of the content of all files in their order, and of the base where it counts."""
        return content_key(
            versions=[file_digest(path) for path in self.files],
            base=None if self._chain.anchor is not None else self._base.digest,
        )

    def file(self, name: str) -> Path:
        """The file that last changed a tensor."""
        for delta, _, keys in reversed(self._patches):
            if name in keys:
                return delta.file(keys[name][1])
        return self._before.file(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, as in the anchor or base."""
        return self._before.shape(name)

    def dtype(self, name: str) -> torch.dtype:
        """The dtype of the anchor; without one that of the values."""
        stored = self._before.dtype(name)
        if self._chain.anchor is not None or not stored.is_floating_point:
            return stored
        return self._of_values or stored

    @cached_property
    def _of_values(self) -> torch.dtype | None:
        kinds = {
            delta.dtype(values) for delta, _, keys in self._patches for _, values in keys.values()
        }
        if len(kinds) > 1:
            raise AlphaRLBenchError(f"{self.folder}: the deltas hold values of several dtypes")
        return next(iter(kinds), None)

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor with all changes up to this version."""
        before = self._before.tensor(name)
        tensor = before.to(self.dtype(name), copy=True).contiguous()
        flat = tensor.view(-1)
        for delta, encoding, keys in self._patches:
            if name in keys:
                patch = _patch(delta, *keys[name], encoding)
                _require_fits(delta.file(keys[name][0]), name, patch, flat)
                flat[patch.places] = patch.values
        return tensor


def published(top: Path) -> tuple[dict[int, Path], dict[int, Path]]:
    """The anchors and the deltas in a folder by version, ascending; the first are whole models."""
    return _versions(top / ANCHORS), _versions(top / DELTAS)


def _versions(folder: Path) -> dict[int, Path]:
    if not folder.is_dir():
        return {}
    found = ((_VERSION.fullmatch(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(match[1]), path) for match, path in found if match))


def chains_of(anchors: Mapping[int, Path], deltas: Mapping[int, Path]) -> dict[int, Chain]:
    """What makes each version that can be made: its own anchor, or the version before and a delta.

    Version 1 is the base, published before the first update; a delta 1 is upon it.
    """
    chains: dict[int, Chain] = {}
    for version in sorted(anchors.keys() | deltas.keys()):
        if version in anchors:
            chains[version] = Chain(anchors[version], ())
        elif version - 1 in chains or version <= 2:
            before = chains.get(version - 1, Chain(None, ()))
            chains[version] = Chain(before.anchor, (*before.deltas, deltas[version]))
    return chains


def _keys(path: Path, names: list[str]) -> dict[str, tuple[str, str]]:
    there, keys = set(names), {}
    for places, values, _ in _ENDINGS:
        for name in names:
            if name.endswith(values):
                keys[name.removesuffix(values)] = (name.removesuffix(values) + places, name)
    paired = {key for pair in keys.values() for key in pair}
    if odd := sorted(paired ^ there):
        raise AlphaRLBenchError(
            f"{path}: '{odd[0]}' has no partner: a delta holds places and values of a tensor, as "
            "NAME.indices and NAME.values, or NAME.idx and NAME.val"
        )
    return keys


def _encoding(path: Path, names: list[str]) -> str:
    default = next((of for places, _, of in _ENDINGS if any(n.endswith(places) for n in names)), "")
    encoding = _metadata(path).get("encoding", default)
    if names and encoding not in {"raw", "gap_delta"}:
        raise AlphaRLBenchError(
            f"{path}: the places are encoded as {encoding}, which is read by TRL on a GPU alone; "
            "give a trajectory whose delta_sync_encoding is raw or gap_delta"
        )
    return encoding


def _patch(delta: WeightFiles, places: str, values: str, encoding: str) -> _Patch:
    read = delta.tensor(places).long()
    if encoding == "gap_delta":
        read = torch.cumsum(read + 1, dim=0) - 1
    return _Patch(read, delta.tensor(values))


def _require_fits(path: Path, name: str, patch: _Patch, flat: torch.Tensor) -> None:
    places, values = patch
    if places.ndim != 1 or places.shape != values.shape:
        fault = f"{tuple(places.shape)} places for {tuple(values.shape)} values"
    elif len(places) and (int(places.min()) < 0 or int(places.max()) >= len(flat)):
        fault = f"a place outside of its {len(flat)} entries"
    elif bool((places.sort().values.diff() == 0).any()):
        fault = "an entry twice"
    else:
        return
    raise AlphaRLBenchError(f"{path}: the delta of '{name}' is damaged: it gives {fault}")


def _require_version(path: Path, *, sparse: bool) -> None:
    """Hold what a file says of itself against its place."""
    said, match = _metadata(path), _VERSION.fullmatch(path.name)
    number = str(int(match[1])) if match else path.stem
    for key, expected in (("model_version", number), ("sparse", str(sparse))):
        if said.get(key, expected) != expected:
            raise AlphaRLBenchError(
                f"{path}: says {key}={said[key]}, its place and name {expected}; was it renamed?"
            )


def _metadata(path: Path) -> dict[str, str]:
    try:
        # Opened by us first, as the library would wait for a named pipe.
        with opened(path), safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise AlphaRLBenchError(f"{path}: cannot be read as safetensors: {error}") from error
