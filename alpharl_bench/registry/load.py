"""Read the registry's TOML files and say in one message all that is wrong with them."""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import ValidationError

from alpharl_bench.errors import AlphaRLBenchError, faults_of
from alpharl_bench.registry.schema import (
    Algorithm,
    Architecture,
    Lane,
    Model,
    Regime,
    Release,
    RunEntry,
    RunExpectations,
)

_Entry = TypeVar("_Entry", Model, Algorithm, RunExpectations, Architecture, Release)
_HERE = Path(__file__).parent
#: Of every run's training but its repetitions; another initialisation is another model.
_SEED = 1
#: What a model that is warmed up has of the one that it starts from.
_OF_THE_START = ("architecture", "formats", "dtype", "config")
_NOTHING_KNOWN = RunExpectations(name="")
#: The most names that a message lists, and the near ones that stand in place of more.
_MOST_LISTED, _NEAR = 12, 4
#: The commands that list what a message does not.
_LISTED_BY = {
    "run": "alpharl-bench zoo list",
    "teacher": "alpharl-bench zoo list",
    "model": "alpharl-bench zoo list",
    "algorithm": "alpharl-bench zoo list",
    "model or algorithm": "alpharl-bench zoo list",
    "public run": "alpharl-bench zoo list --lane paper",
    "method": "alpharl-bench forecast --list",
}


@dataclass(frozen=True)
class Registry:
    """Everything the registry knows, by name.

    ``runs`` are trained here, by recipes; ``released`` are the runs of the lane ``paper``, of
    ``architectures`` that are their own.
    """

    models: Mapping[str, Model]
    algorithms: Mapping[str, Algorithm]
    runs: Mapping[str, RunEntry]
    released: Mapping[str, Release] = field(default_factory=dict)
    architectures: Mapping[str, Architecture] = field(default_factory=dict)

    def in_lane(self, lane: str) -> list[RunEntry]:
        """The runs that are trained here whose model belongs to ``lane``, by name."""
        return [run for run in self.runs.values() if self.models[run.model].lane == lane]

    def lanes_of(self, words: Sequence[str]) -> list[Lane]:
        """The lanes that have a run whose name holds all these words."""
        names = {lane: [run.name for run in self.in_lane(lane)] for lane in get_args(Lane)}
        names["paper"] += self.released
        return [
            lane
            for lane, runs in names.items()
            if any(all(word in name for word in words) for name in runs)
        ]

    def model(self, name: str) -> Model:
        """The model of that name; an unknown one is an error that suggests a known one."""
        return _named("model", name, self.models)

    def teacher(self, run: RunEntry) -> Model | RunEntry | None:
        """Who teaches a run: a model, the last checkpoint of another run, or nobody.

        An unknown name is an error that suggests a known one.
        """
        name = self.algorithms[run.algorithm].teacher_in(run.regime)
        if name is None:
            return None
        known: dict[str, Model | RunEntry] = {**self.models, **self.runs}
        if name not in known:
            raise AlphaRLBenchError(unknown("teacher", name, known))
        return known[name]

    def run(self, name: str) -> RunEntry:
        """The run of that name; an unknown one is an error that suggests a known one."""
        if name not in self.runs:
            raise AlphaRLBenchError(unknown("run", name, self.runs))
        return self.runs[name]


@cache
def load_registry(folder: Path = _HERE) -> Registry:
    """Load ``models/``, ``algorithms/``, ``runs/``, ``released/`` and ``architectures/``.

    The runs that are trained here are not listed anywhere: they are every model with every
    algorithm that fits it.

    Raises:
        AlphaRLBenchError: a file is not TOML, has a wrong or unknown key, or names an algorithm, a
            run or an architecture that does not exist. All faults are listed.
    """
    faults: list[str] = []
    models = _load_kind(folder / "models", Model, faults)
    models |= _warmed_up(models, faults)
    algorithms = _load_kind(folder / "algorithms", Algorithm, faults)
    known = _load_kind(folder / "runs", RunExpectations, faults)
    for model in models.values():
        faults += [
            f"models/{model.name}.toml: {unknown('algorithm', name, algorithms)}"
            for name in model.algorithms or ()
            if name not in algorithms
        ]
    runs = {run.name: run for run in _zoo(models, algorithms, known)}
    faults += [f"runs/{name}.toml: {unknown('run', name, runs)}" for name in known.keys() - runs]
    faults += [
        f"algorithms/{run.algorithm}.toml: teacher: '{run.name}' would be its own"
        for run in runs.values()
        if _is_its_own_teacher(run, runs, algorithms)
    ]
    architectures = _load_kind(folder / "architectures", Architecture, faults)
    released = _load_kind(folder / "released", Release, faults)
    faults += [
        f"released/{name}.toml: {unknown('architecture', release.model, architectures)}"
        for name, release in released.items()
        if release.model not in architectures
    ]
    faults += [
        f"released/{name}.toml: a run that is trained here has this name; choose another"
        for name in released.keys() & runs.keys()
    ]
    if faults:
        raise AlphaRLBenchError("registry: " + "; ".join(faults))
    return Registry(models, algorithms, runs, released, architectures)


def _warmed_up(models: Mapping[str, Model], faults: list[str]) -> dict[str, Model]:
    """The models that start from another one, with it."""
    found: dict[str, Model] = {}
    for name, model in models.items():
        if model.warm_up is None:
            continue
        where, start = f"models/{name}.toml: warm_up.model", models.get(model.warm_up.model)
        if start is None:
            faults.append(f"{where}: {unknown('model', model.warm_up.model, models)}")
        elif start.warm_up is not None:
            faults.append(f"{where}: '{start.name}' is warmed up itself; start from its own start")
        else:
            faults += [
                f"models/{name}.toml: {key}: differs from that of '{start.name}', which it starts "
                "from; it has the same network and tokenizer"
                for key in _OF_THE_START
                if getattr(model, key) != getattr(start, key)
            ]
            found[name] = model.started_from(start)
    return found


def _zoo(
    models: Mapping[str, Model],
    algorithms: Mapping[str, Algorithm],
    known: Mapping[str, RunExpectations],
) -> Iterator[RunEntry]:
    """Every algorithm on every model, in the regimes that both have, with its repetitions."""
    for model in models.values():
        for algorithm in algorithms.values():
            if model.algorithms is not None and algorithm.name not in model.algorithms:
                continue
            for regime in model.regimes:
                if regime in algorithm.regimes:
                    yield from _repetitions(model, algorithm, regime, known)


def _repetitions(
    model: Model, algorithm: Algorithm, regime: Regime, known: Mapping[str, RunExpectations]
) -> Iterator[RunEntry]:
    """One run, and the same with other seeds."""
    first = f"{model.name}-{algorithm.name}" + ("" if regime == model.regimes[0] else f"-{regime}")
    for seed in (_SEED, *known.get(first, _NOTHING_KNOWN).further_seeds):
        name = first if seed == _SEED else f"{first}-seed{seed}"
        yield RunEntry(
            name=name,
            model=model.name,
            algorithm=algorithm.name,
            regime=regime,
            seed=seed,
            core=known.get(name, _NOTHING_KNOWN).core,
            expect=known.get(name, _NOTHING_KNOWN).expect,
        )


def _is_its_own_teacher(
    run: RunEntry, runs: Mapping[str, RunEntry], algorithms: Mapping[str, Algorithm]
) -> bool:
    """Whether a run's teacher, or a teacher's teacher, is the run."""
    teachers: set[str] = set()
    now: RunEntry | None = run
    while now is not None and now.name not in teachers:
        teachers.add(now.name)
        now = runs.get(algorithms[now.algorithm].teacher_in(now.regime) or "")
    return now is run


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """What to say about a name that is not known: the nearest one, and all of them.

    Of many names a few near ones, how many there are, and the command that lists them, if any.
    """
    names = sorted(known)
    nearest, *near = difflib.get_close_matches(name, names, n=_NEAR) or [""]
    hint = f"did you mean '{nearest}'? " if nearest else ""
    if len(names) <= _MOST_LISTED:
        return f"unknown {kind} '{name}'; {hint}known: {', '.join(names)}"
    others = f"near: {', '.join(near)}; " if near else ""
    lists = f": `{_LISTED_BY[kind]}` lists them" if kind in _LISTED_BY else ""
    return f"unknown {kind} '{name}'; {hint}{others}{len(names)} are known{lists}"


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
