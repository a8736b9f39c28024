"""Read a paper's TOML files and say in one message all that is wrong with them."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.printed.finding import Printed
from alpharl_bench.printed.statement import Statement
from alpharl_bench.printed.table import Table


@cache
def load_tables(folder: Path) -> Mapping[str, Table]:
    """The tables below ``folder``, by id, in the paper's order.

    Raises:
        AlphaRLBenchError: a file is not TOML, or has a wrong or unknown key. All faults are listed.
    """
    faults: list[str] = []
    tables = {}
    for where, name, content in _contents(folder / "tables", faults):
        try:
            tables[name] = Table.model_validate({**content, "id": name})
        except ValidationError as error:
            faults += [f"{where}: {fault}" for fault in faults_of(error)]
    _raise(folder, faults)
    return tables


@cache
def load_statements(folder: Path) -> Mapping[str, Statement]:
    """The statements below ``folder``, by id, in the order of the files.

    Raises:
        AlphaRLBenchError: a file is not TOML, has a wrong or unknown key, two statements have one
            id, or a check looks at what is not there. All faults are listed.
    """
    tables = load_tables(folder)
    faults: list[str] = []
    found: dict[str, Statement] = {}
    places: dict[str, str] = {}
    for where, _, content in _contents(folder / "statements", faults):
        faults += [
            f"{where}: {key}: not known; only [[statement]]" for key in content.keys() - _KEY
        ]
        for entry in content.get("statement", []):
            name = entry.get("id", "?")
            try:
                statement = Statement.model_validate(entry)
            except ValidationError as error:
                faults += [f"{where}: {name}: {fault}" for fault in faults_of(error)]
                continue
            if name in found:
                faults.append(f"{where}: {name}: is in {places[name]} already")
            found[name], places[name] = statement, where
    printed = Printed(tables, {name: statement.quote for name, statement in found.items()})
    for statement in found.values():
        faults += [f"{places[statement.id]}: {fault}" for fault in _misses(statement, printed)]
    _raise(folder, faults)
    return found


_KEY = {"statement"}


def _misses(statement: Statement, printed: Printed) -> list[str]:
    """What the checks of a statement look for in vain."""
    faults = []
    for number, check in enumerate(statement.checks):
        try:
            list(check.findings(printed, statement.quote))
        except AlphaRLBenchError as error:
            faults.append(f"{statement.id}: checks.{number}: {error}")
    return faults


def _contents(folder: Path, faults: list[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Where, name and content of every file that is TOML."""
    contents = []
    for path in sorted(folder.glob("*.toml")):
        where = f"{folder.name}/{path.name}"
        try:
            contents.append((where, path.stem, tomllib.loads(path.read_text(encoding="utf-8"))))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{where}: {error}")
    return contents


def _raise(folder: Path, faults: list[str]) -> None:
    if faults:
        raise AlphaRLBenchError(f"paper {folder.name}: " + "; ".join(faults))
