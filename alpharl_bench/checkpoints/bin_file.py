"""Legacy ``.bin`` files: where each tensor of a ``torch.save`` of a state dict lies.

Such a file is a zip archive of a pickle, which names the tensors, and of their storages
(https://docs.pytorch.org/docs/stable/notes/serialization.html). ``pickles`` evaluates the pickle
without running anything. The storages are never unpacked: torch stores them as they are, and what
is compressed is refused.
"""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from alpharl_bench.checkpoints.pickles import ForeignCallError, Opaque, View, evaluate
from alpharl_bench.checkpoints.stored import StoredTensor, countable
from alpharl_bench.errors import AlphaRLBenchError, reason_of
from alpharl_bench.formatting import size_text
from alpharl_bench.lazy import torch
from alpharl_bench.limits import DIRECTORY_BYTES, PICKLE_BYTES
from alpharl_bench.untrusted import opened

_PICKLE = "/data.pkl"
# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, section 4.3.7.
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 1


def tensors_in(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a file by their names.

    Raises:
        AlphaRLBenchError: it cannot be read, is damaged, cut short or of a torch before 1.6, would
            unpack to more than it is, asks for code to run, or holds other things than plain
            tensors by name.
    """
    try:
        with opened(path) as file:
            archive = _Archive(file)
            views = _views(path, evaluate(archive.pickle()))
            return {name: _stored(archive, name, view) for name, view in views.items()}
    except AlphaRLBenchError:
        raise
    except ForeignCallError as error:
        raise AlphaRLBenchError(
            f"{path}: not a file of tensors alone: loading it would call {error}; take weights in "
            "safetensors, or save the state_dict alone if the file is yours"
        ) from error
    except Exception as error:  # a damaged archive may raise anything
        raise AlphaRLBenchError(
            f"{path}: cannot be read as a file of tensors alone ({reason_of(error)}); save it as "
            "safetensors"
        ) from error


def _views(path: Path, content: Any) -> dict[str, View]:
    """What a pickle holds, if it is views of storages by name."""
    values: dict[Any, Any] = content if isinstance(content, dict) else {"": None}
    for name, value in values.items():
        if isinstance(value, Opaque):
            raise AlphaRLBenchError(
                f"{path}: tensor '{name}' is made by {value.name}: sparse, quantised and meta "
                "tensors have no plain values; save dense tensors"
            )
        if not isinstance(name, str) or not isinstance(value, View):
            raise AlphaRLBenchError(
                f"{path}: holds other things than named tensors; save the model's state_dict"
            )
    return values


class _Archive:
    """The entries of a zip archive as they lie in the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        try:
            listed = zipfile.ZipFile(_Bounded(file)).infolist()
        except zipfile.BadZipFile as error:
            raise ValueError(
                f"{reason_of(error)}; it is damaged, or from a torch before 1.6"
            ) from error
        self._entries = {entry.filename: entry for entry in listed}
        pickles = [name for name in self._entries if name.endswith(_PICKLE)]
        if len(pickles) != 1 or len(self._entries) != len(listed):
            raise ValueError("not the archive of one torch.save")
        self._top = pickles[0].removesuffix(_PICKLE)
        self._places: dict[str, tuple[int, int]] = {}

    def pickle(self) -> bytes:
        """The pickle, which names the tensors."""
        order = f"{self._top}/byteorder"
        if order in self._entries and self._read(order, PICKLE_BYTES) != b"little":
            raise ValueError("its numbers are big-endian")
        return self._read(f"{self._top}{_PICKLE}", PICKLE_BYTES)

    def storage(self, key: str) -> tuple[int, int]:
        """Where a storage begins in the file, and its bytes."""
        return self._place(f"{self._top}/data/{key}")

    def _read(self, name: str, limit: int) -> bytes:
        start, length = self._place(name)
        if length > limit:
            raise ValueError(f"{name} is larger than {size_text(limit)}")
        self._file.seek(start)
        return self._file.read(length)

    def _place(self, name: str) -> tuple[int, int]:
        if name not in self._places:
            self._places[name] = self._placed(name)
        return self._places[name]

    def _placed(self, name: str) -> tuple[int, int]:
        if name not in self._entries:
            raise ValueError(f"the archive has no {name}")
        entry = self._entries[name]
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED:
            raise ValueError(f"{name} is compressed, which torch never does")
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            raise ValueError(f"it ends before {name}")
        signature, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
        start = entry.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
        if signature != b"PK\3\4" or start + entry.file_size > self._size:
            raise ValueError(f"{name} is damaged or cut short")
        return start, entry.file_size


class _Bounded:
    """A file of which nothing larger than a directory should be is read at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """As of the file."""
        # All that is left is read where that is the short end of an archive.
        size = size if size >= 0 else os.fstat(self._file.fileno()).st_size - self.tell()
        if size > DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"its directory is larger than {size_text(DIRECTORY_BYTES)}")
        return self._file.read(size)


def _stored(archive: _Archive, name: str, view: View) -> StoredTensor:
    """Where a view of a storage lies; it must not be more than its storage holds."""
    start, available = archive.storage(view.storage)
    itemsize = getattr(torch, view.dtype).itemsize
    numbers: list[Any] = [view.offset, *view.shape, *view.stride]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError(f"tensor '{name}' has no valid shape")
    if len(view.shape) != len(view.stride) or not countable(view.shape):
        raise ValueError(f"tensor '{name}' has no valid shape")
    elements = 1
    for size in view.shape:
        elements *= size
    reach = 1 + sum((size - 1) * step for size, step in zip(view.shape, view.stride, strict=True))
    reach = reach if elements else 0
    if max(view.offset + reach, elements) * itemsize > available:
        raise ValueError(
            f"tensor '{name}' of shape {view.shape} and strides {view.stride} has more values than "
            "the file"
        )
    return StoredTensor(
        view.dtype, view.shape, start + view.offset * itemsize, reach * itemsize, view.stride
    )
