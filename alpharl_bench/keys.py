"""What code a derived file depends on: digests of sources, comments and docstrings aside."""

import ast
import hashlib
from collections.abc import Collection, Iterator
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.util import find_spec, resolve_name
from types import ModuleType

from alpharl_bench.errors import AlphaRLBenchError


def code_digest(*modules: str) -> str:
    """A digest of the code of modules, by their names; their order does not matter.

    Raises:
        AlphaRLBenchError: the source of one of them is not there.
    """
    digest = hashlib.sha256()
    for module in sorted(set(modules)):
        digest.update(f"{module}\n{_code(module)}\n".encode())
    return digest.hexdigest()


def imported_sources(start: str, counted: Collection[str]) -> frozenset[str]:
    """The names of a module and of those of some packages that it imports, and these import.

    What is imported from a package is of the module that defines it: the rest of the package does
    not count. An import within a function counts too.

    Args:
        start: the module's name.
        counted: the names of the packages.

    Raises:
        AlphaRLBenchError: the source of one of them is not there.
    """
    found: set[str] = set()
    ahead = [start]
    while ahead:
        module = ahead.pop()
        if module not in found:
            found.add(module)
            ahead += _imported(module, counted)
    return frozenset(found)


def _imported(module: str, counted: Collection[str]) -> Iterator[str]:
    package = import_module(module).__package__
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _within(alias.name, counted))
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            if _within(origin, counted):
                yield from (_definition(origin, alias.name, counted) for alias in node.names)


def _definition(origin: str, name: str, counted: Collection[str]) -> str:
    """The module that defines what another, or a package, has under a name."""
    member = getattr(import_module(origin), name, None)
    if isinstance(member, ModuleType):
        return member.__name__
    module = getattr(member, "__module__", origin)
    return module if _within(module, counted) else origin


def _within(module: str, packages: Collection[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@cache
def _tree(module: str) -> ast.Module:
    """The code of a module without comments, docstrings and layout."""
    spec = find_spec(module)
    loader = spec.loader if spec else None
    source = loader.get_source(module) if isinstance(loader, InspectLoader) else None
    if source is None:
        raise AlphaRLBenchError(f"module {module}: no source to digest; install it with its source")
    tree = ast.parse(source)
    for node in ast.walk(tree):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


@cache
def _code(module: str) -> str:
    return ast.unparse(_tree(module))
