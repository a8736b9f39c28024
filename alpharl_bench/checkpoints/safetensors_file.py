"""Safetensors: where each tensor of a file lies.

The format is a length, a header in JSON and the bytes of all tensors without a gap between them
(https://huggingface.co/docs/safetensors). The header is read here and not by the library: that
reads it again for every tensor, which takes the square of their number.
"""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from alpharl_bench.checkpoints.stored import StoredTensor, countable
from alpharl_bench.errors import AlphaRLBenchError, faults_of, reason_of
from alpharl_bench.formatting import size_text
from alpharl_bench.limits import HEADER_BYTES
from alpharl_bench.untrusted import opened, parsed

# What torch calls the dtypes of safetensors, and their bits.
_DTYPES = {
    "F64": ("float64", 64),
    "F32": ("float32", 32),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F4": ("float4_e2m1fn_x2", 4),
    "I64": ("int64", 64),
    "I32": ("int32", 32),
    "I16": ("int16", 16),
    "I8": ("int8", 8),
    "U64": ("uint64", 64),
    "U32": ("uint32", 32),
    "U16": ("uint16", 16),
    "U8": ("uint8", 8),
    "BOOL": ("bool", 8),
    "C64": ("complex64", 64),
}
_LENGTH_BYTES = 8
_Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Entry(BaseModel):
    """What the header says of a tensor; the offsets count from the end of the header."""

    model_config = ConfigDict(strict=True)

    dtype: str
    shape: list[_Count]
    data_offsets: list[_Count]


_HEADER = TypeAdapter(dict[str, _Entry])


def tensors_in(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a file by their names.

    Raises:
        AlphaRLBenchError: it cannot be read, is damaged or cut short, or has a dtype that torch
            does not know.
    """
    try:
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            start = _LENGTH_BYTES + length
            entries = _entries(file, size, length)
    except ValidationError as error:
        raise _unreadable(path, "; ".join(faults_of(error))) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, reason_of(error)) from error
    found = {name: _stored(path, name, entry, start) for name, entry in entries.items()}
    end = start
    for name, tensor in sorted(found.items(), key=lambda item: (item[1].start, item[1].length)):
        if tensor.start != end:
            raise _unreadable(path, f"tensor '{name}' does not begin where the one before it ends")
        end += tensor.length
    if end != size:
        raise _unreadable(path, f"it has {size} bytes, and its tensors end at {end}")
    return found


def _entries(file: BinaryIO, size: int, length: int) -> dict[str, _Entry]:
    if length > HEADER_BYTES:
        raise ValueError(f"its header would be larger than {size_text(HEADER_BYTES)}")
    if _LENGTH_BYTES + length > size:
        raise ValueError("it ends within its header")
    content: Any = parsed(file.read(length).decode("utf-8"))
    if not isinstance(content, dict):
        raise ValueError("its header is no JSON object")  # noqa: TRY004  (of the file)
    content.pop("__metadata__", None)
    return _HEADER.validate_python(content)


def _stored(path: Path, name: str, entry: _Entry, start: int) -> StoredTensor:
    code, shape, offsets = entry.dtype, tuple(entry.shape), entry.data_offsets
    if code not in _DTYPES:
        raise AlphaRLBenchError(f"{path}: tensor '{name}' has the dtype {code}, unknown to torch")
    dtype, bits = _DTYPES[code]
    if len(offsets) != 2 or not countable(shape):
        raise _unreadable(path, f"tensor '{name}' has the offsets {offsets} and the shape {shape}")
    length = offsets[1] - offsets[0]
    if prod(shape) * bits != 8 * length:
        raise _unreadable(path, f"tensor '{name}' of shape {shape} in {code} has {length} bytes")
    if bits == 4:
        # torch has two of them in one element.
        if shape[-1] % 2:
            raise _unreadable(path, f"tensor '{name}' of shape {shape} in {code} has half bytes")
        shape = (*shape[:-1], shape[-1] // 2)
    return StoredTensor(dtype, shape, start + offsets[0], length)


def _unreadable(path: Path, reason: str) -> AlphaRLBenchError:
    return AlphaRLBenchError(f"{path}: cannot be read as safetensors: {reason}")
