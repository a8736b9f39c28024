"""Named groups of tensors in a folder: many to a file, and no file ever seen half-written."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from safetensors import SafetensorError, safe_open

from alpharl_bench.cache import content_key, whole_file
from alpharl_bench.lazy import torch

# What a killed process loses: the work of a second, or what takes about as long to write.
_SECONDS, _BYTES = 1.0, 1 << 28
# A file up to this size is read whole, and its tensors stay: the vectors of a model's Rank-1.
_SMALL = 1 << 23


@dataclass(frozen=True)
class Entry:
    """Tensors on the CPU by name, and plain JSON values about them."""

    tensors: Mapping[str, torch.Tensor]
    about: Mapping[str, Any]


class TensorStore:
    """What is put here is written with what else was put within a second.

    A file for each entry would take longer to write than a small matrix takes to decompose. One
    process at a time may write; :meth:`put` is for any number of its threads.

    Args:
        folder: the folder of the files; it is created on the first write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[str, Path] = {}
        self._read: dict[Path, dict[str, Entry]] = {}
        self._waiting: dict[str, Entry] = {}
        self._size, self._since = 0, 0.0
        self._lock = Lock()

    def __contains__(self, key: str) -> bool:
        """Whether an entry was in the store when it was last refreshed."""
        return key in self._places

    def refresh(self) -> None:
        """See what other processes have put here. Damaged files are passed over."""
        for path in set(self._folder.glob("*.safetensors")) - set(self._places.values()):
            try:
                with safe_open(os.fspath(path), framework="pt") as file:
                    self._places |= dict.fromkeys(file.metadata(), path)
            except (OSError, SafetensorError, TypeError):
                continue

    def get(self, key: str) -> Entry | None:
        """An entry, as views of the mapped file; None if it is not here, or damaged."""
        path = self._places.get(key)
        if path is None:
            return None
        try:
            if path in self._read:
                return self._read[path][key]
            with safe_open(os.fspath(path), framework="pt") as file:
                if path.stat().st_size > _SMALL:
                    return _entries(file, [key])[key]
                self._read[path] = _entries(file, file.metadata())
            return self._read[path][key]
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            del self._places[key]
            return None

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry; it is safe on disk after the next :meth:`write` at the latest."""
        with self._lock:
            if not self._waiting:
                self._size, self._since = 0, time.monotonic()
            self._waiting[key] = entry
            self._size += sum(tensor.nbytes for tensor in entry.tensors.values())
            if self._size > _BYTES or time.monotonic() - self._since > _SECONDS:
                self._write()

    def write(self) -> None:
        """Write what waits."""
        with self._lock:
            if self._waiting:
                self._write()

    def _write(self) -> None:
        # Imported here: it loads torch.
        from safetensors.torch import save_file  # noqa: PLC0415

        path = self._folder / f"{content_key(entries=sorted(self._waiting))}.safetensors"
        with whole_file(path) as scratch:
            save_file(
                {
                    f"{key}/{name}": tensor
                    for key, entry in self._waiting.items()
                    for name, tensor in entry.tensors.items()
                },
                scratch,
                metadata={
                    key: json.dumps([list(entry.tensors), dict(entry.about)])
                    for key, entry in self._waiting.items()
                },
            )
        self._places |= dict.fromkeys(self._waiting, path)
        self._waiting = {}


def _entries(file: Any, keys: Any) -> dict[str, Entry]:
    """Some of the entries of an open file."""
    described = file.metadata()
    found = {}
    for key in keys:
        names, about = json.loads(described[key])
        found[key] = Entry({name: file.get_tensor(f"{key}/{name}") for name in names}, about)
    return found
