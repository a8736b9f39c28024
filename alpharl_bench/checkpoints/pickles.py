"""The pickle of a ``torch.save``, evaluated without importing or calling anything that it names.

Python's unpickler runs what a pickle asks for. Here ``pickletools`` splits it into opcodes, and
the few that a state dict is made of build dictionaries, lists and views of storages. Every other
opcode, and every global that is not of torch, is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alpharl_bench.lazy import torch

# Classes of storages from the time when a storage had a dtype.
_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
_VALUES = frozenset(
    {
        *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "SHORT_BINSTRING"),
        *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    }
)
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_VIEWS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3")
_PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")


@dataclass(frozen=True)
class View:
    """A tensor: a part of a storage. Nothing of it is checked.

    ``storage`` is the key of the storage in the archive, ``dtype`` torch's name of it; ``offset``
    and ``stride`` are in elements.
    """

    storage: str
    dtype: str
    offset: Any
    shape: tuple[Any, ...]
    stride: tuple[Any, ...]


@dataclass(frozen=True)
class Opaque:
    """What a pickle has of something in torch that is no plain tensor; ``name`` is its maker."""

    name: str


class ForeignCallError(ValueError):
    """Loading a pickle would call what is not of torch; the text is its name."""


@dataclass(frozen=True)
class _Global:
    name: str


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: str | None


def evaluate(pickle: bytes) -> Any:
    """What a pickle builds: dictionaries, lists, :class:`View` and :class:`Opaque`.

    Raises:
        ForeignCallError: it names something that is not of torch.
        ValueError: it is damaged, or no state dict.
        Exception: it is damaged; whatever the parts of an opcode lead to.
    """
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(pickle):
        if opcode.name == "STOP":
            break
        machine.do(opcode.name, argument)
    return machine.stack.pop()


class _Machine:
    """The stack, the stacks below marks, and the memo (``pickletools`` describes the opcodes)."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def do(self, name: str, argument: Any) -> None:
        """Do one opcode.

        Raises:
            ValueError: no state dict has it.
        """
        if name in _VALUES:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _OPCODES:
            _OPCODES[name](self, argument)
        else:
            raise ValueError(f"its pickle has {name}, which no state dict has")

    def skip(self, _: Any) -> None:
        """What says nothing of the content."""

    def put(self, place: int | None) -> None:
        """Remember what is on top."""
        self._memo[len(self._memo) if place is None else place] = self.stack[-1]

    def get(self, place: int) -> None:
        """What was remembered."""
        self.stack.append(self._memo[place])

    def mark(self, _: Any) -> None:
        """Begin a list of items."""
        self._below.append(self.stack)
        self.stack = []

    def marked(self, _: Any) -> None:
        """All items since the mark as a tuple."""
        items = tuple(self._since_mark())
        self.stack.append(items)

    def new_dict(self, _: Any) -> None:
        """An empty dictionary."""
        self.stack.append({})

    def new_list(self, _: Any) -> None:
        """An empty list."""
        self.stack.append([])

    def set_items(self, _: Any) -> None:
        """All keys and values since the mark."""
        self._set(self._since_mark())

    def set_item(self, _: Any) -> None:
        """One key and its value."""
        self._set(self._top(2))

    def append_items(self, _: Any) -> None:
        """All items since the mark."""
        items = self._since_mark()
        self.stack[-1].extend(items)

    def append_item(self, _: Any) -> None:
        """One item."""
        items = self._top(1)
        self.stack[-1].extend(items)

    def name(self, named: str | None) -> None:
        """Something by its module and name."""
        module, name = named.split(" ", 1) if named else self._top(2)
        self.stack.append(_global(module, name))

    def storage(self, _: Any) -> None:
        """A storage by what identifies it."""
        self.stack.append(_storage(self.stack.pop()))

    def make(self, _: Any) -> None:
        """What a function makes of its arguments."""
        maker, arguments = self._top(2)
        self.stack.append(_made(maker, arguments))

    def build(self, _: Any) -> None:
        """Attributes of an object, as the versions of a state dict's modules: none is kept."""
        self.stack.pop()

    def group(self, count: int) -> None:
        """The topmost items as a tuple."""
        self.stack.append(tuple(self._top(count)))

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def _top(self, count: int) -> list[Any]:
        items = self.stack[-count:]
        if len(items) < count:
            raise ValueError("its pickle takes more from the stack than there is")
        del self.stack[-count:]
        return items

    def _set(self, items: list[Any]) -> None:
        keys = items[::2]
        if not all(isinstance(key, str | int) for key in keys):
            # The hash of nested tuples can take for ever.
            raise ValueError("a key in its pickle is neither text nor a number")
        self.stack[-1].update(zip(keys, items[1::2], strict=True))


_OPCODES: Mapping[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine.skip,
    "FRAME": _Machine.skip,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.put,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "MARK": _Machine.mark,
    "TUPLE": _Machine.marked,
    "TUPLE1": lambda machine, _: machine.group(1),
    "TUPLE2": lambda machine, _: machine.group(2),
    "TUPLE3": lambda machine, _: machine.group(3),
    "EMPTY_DICT": _Machine.new_dict,
    "EMPTY_LIST": _Machine.new_list,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "APPEND": _Machine.append_item,
    "APPENDS": _Machine.append_items,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name,
    "BINPERSID": _Machine.storage,
    "REDUCE": _Machine.make,
    "BUILD": _Machine.build,
}


def _global(module: str, name: str) -> _Global:
    if (module, name) != ("collections", "OrderedDict") and module.split(".", 1)[0] != "torch":
        raise ForeignCallError(f"{module}.{name}")
    return _Global(f"{module}.{name}")


def _storage(identity: Any) -> _Storage | Opaque:
    _, kind, key, *_ = identity
    name = kind.name.removeprefix("torch.")
    if name == "storage.UntypedStorage":
        return _Storage(str(key), None)
    return _Storage(str(key), _STORAGES[name]) if name in _STORAGES else Opaque(kind.name)


def _made(maker: Any, arguments: Any) -> Any:
    """What a function would make of its arguments."""
    if maker.name == "collections.OrderedDict":
        return {}
    if maker.name in _VIEWS:
        return _view(maker.name, *arguments)
    if maker.name in _PARAMETERS:
        return arguments[0]
    return Opaque(maker.name)


def _view(
    maker: str, storage: Any, offset: Any, shape: Any, stride: Any, _: Any, __: Any, *more: Any
) -> View | Opaque:
    """A tensor, from the arguments of the function of torch that makes it again."""
    if isinstance(storage, Opaque):
        return storage
    dtype = storage.dtype
    if maker.endswith("v3"):
        dtype, more = more[0].name.removeprefix("torch."), more[1:]
    # What is left marks views that are conjugated or negated when they are read.
    if any(more) or not isinstance(getattr(torch, dtype, None), torch.dtype):
        return Opaque(maker)
    return View(storage.key, dtype, offset, tuple(shape), tuple(stride))
