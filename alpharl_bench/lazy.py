"""torch, loaded when it is first used: ``--help`` and collecting tests take seconds less.

A module that is imported for its constants or classes takes ``torch`` from here, and has
``from __future__ import annotations``: an annotation of a tensor would load it.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
else:

    class _Lazy(ModuleType):
        def __getattr__(self, name: str) -> Any:
            return getattr(import_module(self.__name__), name)

    torch = _Lazy("torch")

__all__ = ["torch"]
