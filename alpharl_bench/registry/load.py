"""Read the registry's TOML files and say in one message all that is wrong with them."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.registry.schema import Algorithm, Model, RunEntry

_Entry = TypeVar("_Entry", Model, Algorithm, RunEntry)
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Registry:
    """Everything the registry knows, by name."""

    models: Mapping[str, Model]
    algorithms: Mapping[str, Algorithm]
    runs: Mapping[str, RunEntry]

    def in_lane(self, lane: str) -> list[RunEntry]:
        """The runs whose model belongs to ``lane``, by name."""
        return [run for run in self.runs.values() if self.models[run.model].lane == lane]

    def model(self, name: str) -> Model:
        """The model of that name; an unknown one is an error that suggests a known one."""
        return _named("model", name, self.models)

    def run(self, name: str) -> RunEntry:
        """The run of that name; an unknown one is an error that suggests a known one."""
        return _named("run", name, self.runs)


@cache
def load_registry(folder: Path = _HERE) -> Registry:
    """Load ``models/``, ``algorithms/`` and ``runs/`` below ``folder``.

    Raises:
        AlphaRLBenchError: a file is not TOML, has a wrong or unknown key, or a run names a model or
            an algorithm that does not exist. All faults are listed.
    """
    faults: list[str] = []
    models = _load_kind(folder / "models", Model, faults)
    algorithms = _load_kind(folder / "algorithms", Algorithm, faults)
    runs = _load_kind(folder / "runs", RunEntry, faults)
    for run in runs.values():
        for kind, name, known in (
            ("model", run.model, models),
            ("algorithm", run.algorithm, algorithms),
        ):
            if name not in known:
                faults.append(f"runs/{run.name}.toml: {unknown(kind, name, known)}")
    if faults:
        raise AlphaRLBenchError("registry: " + "; ".join(faults))
    return Registry(models, algorithms, runs)


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """What to say about a name that is not known: the nearest one, and all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"unknown {kind} '{name}'; {hint}known: {', '.join(names)}"


def _named(kind: str, name: str, entries: Mapping[str, _Entry]) -> _Entry:
    if name not in entries:
        raise AlphaRLBenchError(unknown(kind, name, entries))
    return entries[name]


def _load_kind(folder: Path, kind: type[_Entry], faults: list[str]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for path in sorted(folder.glob("*.toml")):
        where = f"{folder.name}/{path.name}"
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            if "name" in content:
                faults.append(f"{where}: name: the file's name is the entry's name; leave it out")
            entries[path.stem] = kind.model_validate({**content, "name": path.stem})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{where}: {error}")
        except ValidationError as error:
            faults += [f"{where}: {fault}" for fault in faults_of(error)]
    return entries
