"""The code of modules: its digest, and what it imports. No module is executed to tell."""

import ast
import hashlib
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib.util import find_spec, resolve_name
from pathlib import Path

from alpharl_bench.errors import AlphaRLBenchError

# Of a syntax tree: what says nothing of a run, or only some versions of Python have.
_IDLE_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_params"})
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def code_digest(*names: str) -> str:
    """A digest of the code of modules and packages without comments, docstrings and layout.

    Args:
        names: full ones, in any order; a package stands for all modules below it.

    Raises:
        AlphaRLBenchError: the source of one of them is not there.
    """
    modules = sorted({module for name in names for module in modules_of(name)})
    digest = hashlib.sha256()
    for module in modules:
        digest.update(f"{module} {_digest(_source(module).read_bytes())}\n".encode())
    return digest.hexdigest()


@cache
def modules_of(name: str) -> tuple[str, ...]:
    """A module, or a package and all modules below it, by their full names.

    Raises:
        AlphaRLBenchError: its source is not there.
    """
    path = _source(name)
    if path.name != "__init__.py":
        return (name,)
    found = []
    for file in sorted(path.parent.rglob("*.py")):
        parts = file.relative_to(path.parent).with_suffix("").parts
        found.append(".".join((name, *parts)).removesuffix(".__init__"))
    return tuple(found)


def imported_sources(start: str, counted: Collection[str]) -> frozenset[str]:
    """The names of a module and of those of some packages that it imports, and these import.

    What is imported from a package is of the module that defines it: the rest of the package does
    not count. An import within a function counts too. No module is executed.

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
            ahead += imports_of(module, counted)
    return frozenset(found)


def imports_of(module: str, counted: Collection[str]) -> frozenset[str]:
    """The modules of some packages whose definitions a module imports; as above."""
    return frozenset(
        _definition(origin, name, counted) if name else origin
        for origin, name, _ in _imported(module)
        if within(origin, counted)
    )


def within(module: str, packages: Collection[str]) -> bool:
    """Whether a module is one of those named, or below one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@cache
def _imported(module: str) -> Sequence[tuple[str, str, str]]:
    """(module, name in it or nothing, name that it gets here) of every import."""
    package = module if _source(module).name == "__init__.py" else module.rpartition(".")[0]
    found = []
    for node in _running(ast.parse(_source(module).read_bytes())):
        if isinstance(node, ast.Import):
            found += [(alias.name, "", alias.asname or alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            found += [(origin, alias.name, alias.asname or alias.name) for alias in node.names]
    return found


def _running(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below a node, but for what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.expr):
            yield from _running(node)


def _definition(origin: str, name: str, counted: Collection[str]) -> str:
    """The module that defines what another, or a package, has under a name."""
    if _found(f"{origin}.{name}") is not None:
        return f"{origin}.{name}"
    for further, named, here in _imported(origin):
        if here == name and named and within(further, counted):
            return _definition(further, named, counted)
    return origin


def _source(module: str) -> Path:
    path = _found(module)
    if path is None:
        raise AlphaRLBenchError(f"module {module}: no source to digest; install it with its source")
    return path


@cache
def _found(module: str) -> Path | None:
    """The file of a module. Only the outermost package is looked up: that executes nothing."""
    top, *parts = module.split(".")
    spec = find_spec(top)
    if spec is None:
        return None
    if spec.submodule_search_locations is None:
        files = [Path(spec.origin or "")] if not parts else []
    else:
        places = [Path(place, *parts) for place in spec.submodule_search_locations]
        files = [file for p in places for file in (p / "__init__.py", p.with_suffix(".py"))]
    return next((file for file in files if file.suffix == ".py" and file.is_file()), None)


# By the content, which costs no more than reading it, and not by the name.
@cache
def _digest(source: bytes) -> str:
    return hashlib.sha256(_text(ast.parse(source)).encode()).hexdigest()


def _text(node: object) -> str:
    """A syntax tree as text; not ``ast.dump``, which every version of Python writes otherwise."""
    if isinstance(node, list):
        return f"[{','.join(map(_text, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, _Documented) and ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
    fields = (
        f"{name}={_text(value)}"
        for name, value in ast.iter_fields(node)
        if name not in _IDLE_FIELDS and value is not None and value != []
    )
    return f"{type(node).__name__}({','.join(fields)})"
