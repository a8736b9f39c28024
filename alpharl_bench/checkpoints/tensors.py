"""The tensors of one model folder, read from memory-mapped safetensors one at a time."""

from functools import cached_property
from pathlib import Path

import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError, safe_open

from alpharl_bench.errors import AlphaRLBenchError, faults_of

_SINGLE, _INDEX = "model.safetensors", "model.safetensors.index.json"


class WeightFiles:
    """A Hugging Face model folder with one safetensors file, or several and an index.

    Nothing is read before a tensor is asked for, and only that tensor then.

    Raises:
        AlphaRLBenchError: (on use) no safetensors, a shard that the index names is missing or cut
            short, a tensor that is not there, or one with NaN or infinite values.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _file_of(self) -> dict[str, Path]:
        single, index = self.folder / _SINGLE, self.folder / _INDEX
        if index.is_file():
            weight_map = _weight_map(index)
            missing = sorted(set(weight_map.values()) - _names(self.folder))
            if missing:
                raise AlphaRLBenchError(
                    f"{self.folder}: {_INDEX} names {', '.join(missing)}, which is not there; copy "
                    "the missing shard or save the checkpoint again"
                )
            return {name: self.folder / file for name, file in weight_map.items()}
        if single.is_file():
            with _opened(single) as file:
                return dict.fromkeys(file.keys(), single)
        raise AlphaRLBenchError(f"{self.folder}: neither {_SINGLE} nor {_INDEX} is there")

    @property
    def names(self) -> list[str]:
        """The names of all tensors, sorted."""
        return sorted(self._file_of)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, from the file's header alone."""
        path = self._path(name)
        try:
            with _opened(path) as file:
                return tuple(file.get_slice(name).get_shape())
        except SafetensorError as error:
            raise AlphaRLBenchError(f"{path}: tensor '{name}': {error}") from error

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor in its stored dtype, on the CPU; every value is finite."""
        path = self._path(name)
        try:
            with _opened(path) as file:
                tensor: torch.Tensor = file.get_tensor(name)
        except SafetensorError as error:
            raise AlphaRLBenchError(f"{path}: tensor '{name}': {error}") from error
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise AlphaRLBenchError(
                f"{path}: tensor '{name}' holds NaN or infinite values; the training diverged or "
                "the file is damaged"
            )
        return tensor

    def _path(self, name: str) -> Path:
        if name not in self._file_of:
            raise AlphaRLBenchError(f"{self.folder}: there is no tensor '{name}'")
        return self._file_of[name]


class _Index(BaseModel):
    """The part of an index file that is read: which shard holds a tensor."""

    weight_map: dict[str, str]


def _weight_map(index: Path) -> dict[str, str]:
    try:
        return _Index.model_validate_json(index.read_bytes()).weight_map
    except ValidationError as error:
        faults = "; ".join(faults_of(error))
        raise AlphaRLBenchError(f"{index}: not an index of safetensors: {faults}") from error


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _opened(path: Path) -> safe_open:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise AlphaRLBenchError(f"{path}: cannot be read as safetensors: {error}") from error
