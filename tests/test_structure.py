"""Data flows one way: no package imports one that ARCHITECTURE.md lists behind it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import alpharl_bench

PACKAGE = Path(alpharl_bench.__file__).parent
ROOT = PACKAGE.parent


def order() -> list[str]:
    """The units of the package as the picture lists them, what is imported before who imports."""
    picture = (ROOT / "ARCHITECTURE.md").read_text().split("```")[1]
    listed = re.findall(r"^([a-z_]+(?:, [a-z_]+)*)  ", picture, re.MULTILINE)
    return [name for names in listed for name in names.split(", ")]


def units() -> set[str]:
    found = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    return found | {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}


def imports(unit: str) -> Iterator[str]:
    """The other units that one imports, for types too."""
    folder = PACKAGE / unit
    for path in folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module == PACKAGE.name:
                names = [f"{PACKAGE.name}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                top, _, rest = name.partition(".")
                if top == PACKAGE.name and rest and rest.split(".")[0] in units() - {unit}:
                    yield rest.split(".")[0]


def test_the_picture_has_every_unit_once() -> None:
    assert sorted(order()) == sorted(units())


def test_no_arrow_leads_upward() -> None:
    place = {unit: number for number, unit in enumerate(order())}
    upward = {
        (unit, other) for unit in place for other in imports(unit) if place[other] > place[unit]
    }
    assert upward == set()
