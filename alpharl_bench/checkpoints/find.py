"""The checkpoints of a run in a folder, or in the listing of a repository that is not here."""

import shlex
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch, fnmatchcase
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from alpharl_bench.checkpoints.candidates import ADAPTER_CONFIG, ADAPTER_FILES, candidates
from alpharl_bench.checkpoints.layouts import ITSELF, LAYOUTS, SHARDS, Shards, StepName, step_name
from alpharl_bench.errors import AlphaRLBenchError

#: How many levels below the folder of a run its step folders may lie (verl: project, experiment).
_DEPTH = 3


class Tree(Protocol):
    """What is asked of a folder: a ``Path``, or the listing of a repository that is not here."""

    @property
    def name(self) -> str:
        """The last part of its path."""

    def is_dir(self) -> bool:
        """Whether it is a folder."""

    def is_file(self) -> bool:
        """Whether it is a file."""

    def iterdir(self: "T") -> "Iterable[T]":
        """What is in it."""

    def __truediv__(self: "T", key: str, /) -> "T": ...


T = TypeVar("T", bound=Tree)
V = TypeVar("V")


@dataclass(frozen=True)
class Found(Generic[V]):
    """The checkpoints of one run.

    Args:
        layout: the layout that was recognised.
        notes: remarks for users: about weights in this layout, and on what is passed over.
        container: the folder in which the step folders lie.
        checkpoints: the folder with the weights of each step, ascending.
    """

    layout: str
    notes: tuple[str, ...]
    container: V
    checkpoints: Mapping[int, V]


@dataclass(frozen=True)
class _Group(Generic[V]):
    """The step folders of one family in one folder, and where each has its weights.

    Args:
        at: the folder and the family, as a user may name them.
        container: the folder.
        steps: the step folders, ascending.
        weights: of those that have some: the layout, and every place in them, the first is read.
    """

    at: str
    container: V
    steps: Mapping[int, V]
    weights: Mapping[int, tuple[str, list[V]]]


def find_checkpoints(folder: T, family: str | None = None, inside: str = ITSELF) -> Found[T]:
    """The checkpoints in a folder, or up to three levels below it; or the one that it is itself.

    Step folders that hold no weights are left out with a note, if others hold some.

    Args:
        folder: the folder to search.
        family: take only step folders that are named so, as ``checkpoint-*``.
        inside: where in them the weights lie; by default where their trainer puts them.

    Raises:
        AlphaRLBenchError: there are none, or those of several runs, or two of one step; or all are
            without weights, or hold only shards that must be merged first.
    """
    named = step_name(folder.name)
    containers = [folder] if family else _containers(folder, 0 if named else _DEPTH)
    groups = [group for at in containers for group in _groups(at, family, inside)]
    if not groups:
        return itself(folder)
    full = [group for group in groups if group.weights]
    if not full:
        raise _without_weights(list(groups[-1].steps.values())[-1])
    if len(full) > 1:
        listed = ", ".join(group.at for group in full)
        raise AlphaRLBenchError(
            f"{folder}: holds the steps of several runs, or copies of one: {listed}; name one, as "
            f"'{full[0].at}'"
        )
    (group,) = full
    used = {layout for layout, _ in group.weights.values()}
    notes = [layout.note for layout in LAYOUTS if layout.name in used and layout.note]
    notes += [
        f"{other.at}: passed over: {_why_without(path)}"
        for other in groups
        for path in list(other.steps.values())[-1:]
        if other is not group
    ]
    notes += [
        f"step {step} is left out: {_why_without(path)}"
        for step, path in group.steps.items()
        if step not in group.weights
    ]
    notes += _choices(group)
    if not family and holds_weights(folder):
        notes.append(
            f"{folder}: holds weights itself, which are not among the steps in it; a folder with "
            "a link to these files alone would name them"
        )
    return Found(
        " and ".join(layout.name for layout in LAYOUTS if layout.name in used),
        tuple(notes),
        group.container,
        {step: places[0] for step, (_, places) in group.weights.items()},
    )


def itself(folder: T) -> Found[T]:
    """The one checkpoint that a folder is.

    Raises:
        AlphaRLBenchError: it has no weights, or only shards that must be merged first.
    """
    named = step_name(folder.name)
    places = _places(folder, named, ITSELF)
    if places:
        layout, where = places
        step = named.step if named else 1
        group = _Group(str(folder), folder, {step: folder}, {step: (layout, where)})
        return Found("one checkpoint", tuple(_choices(group)), folder, {step: where[0]})
    if named or _shards_of(folder):
        raise _without_weights(folder)
    known = ", ".join(f"{layout.pattern.pattern} ({layout.name})" for layout in LAYOUTS)
    raise AlphaRLBenchError(
        f"{folder}: holds neither weights nor, up to {_DEPTH} levels below, step folders; those "
        f"are named {known}"
    )


def one_run(
    named: Mapping[str, V], where: str, family: str | None = None
) -> dict[int, tuple[StepName, V]]:
    """Those of some things by name that are the steps of one run, ascending by step.

    Args:
        named: the things.
        where: what the names are to be appended to, as ``DIR/``.
        family: take those of this family alone, or whose names fit this pattern.

    Raises:
        AlphaRLBenchError: there are none in ``family``, the names are those of several runs, or two
            have the same step.
    """
    runs = _families(named, where, family)
    if len(runs) > 1:
        raise AlphaRLBenchError(
            f"{where}: holds the steps of several runs: {', '.join(runs)}; name one, as "
            f"'{where}{next(iter(runs))}'"
        )
    return next(iter(runs.values()), {})


def _families(
    named: Mapping[str, V], where: str, family: str | None
) -> dict[str, dict[int, tuple[StepName, V]]]:
    """The steps of each run, ascending, by family: see :func:`one_run`."""
    read = {name: step for name in sorted(named) if (step := step_name(name))}
    if family is not None:
        exact = {name: step for name, step in read.items() if step.family == family}
        fits = {name: step for name, step in read.items() if fnmatchcase(name, family)}
        read = exact or fits
        if not read:
            raise AlphaRLBenchError(f"{where}: nothing here is named as the steps {family}")
    runs: dict[str, dict[int, tuple[StepName, V]]] = {}
    names: dict[tuple[str, int], str] = {}
    for name, step in read.items():
        other = names.setdefault((step.family, step.step), name)
        if other != name:
            zero = (
                "0"
                if f"{step.before}0" in {of[: len(step.before) + 1] for of in (name, other)}
                else ""
            )
            raise AlphaRLBenchError(
                f"{where}: {other} and {name} are the same step; name those that count, as "
                f"'{where}{step.before}{zero}*'"
            )
        runs.setdefault(step.family, {})[step.step] = (step, named[name])
    return {of: dict(sorted(steps.items())) for of, steps in sorted(runs.items())}


def holds_weights(folder: Tree) -> bool:
    """Whether a folder holds the weights of a model, or an adapter."""
    return holds_model(folder) or _holds_adapter(folder)


def holds_model(folder: Tree) -> bool:
    """Whether a folder holds the weights of a whole model."""
    return folder.is_dir() and bool(
        candidates({path.name for path in _entries(folder) if path.is_file()})
    )


def _groups(container: T, family: str | None, inside: str) -> list[_Group[T]]:
    below = {path.name: path for path in _subfolders(container)}
    groups = []
    for name, steps in _families(below, f"{container}/", family).items():
        weights = {
            step: found
            for step, (named, path) in steps.items()
            if (found := _places(path, named, inside))
        }
        folders = {step: path for step, (_, path) in steps.items()}
        groups.append(_Group(f"{container}/{name}", container, folders, weights))
    return groups


def _places(folder: T, named: StepName | None, inside: str) -> tuple[str, list[T]] | None:
    """The layout and the places of a step's weights; None where there are none.

    Adapters that peft saved under names lie in folders of their own beside the default one.
    """
    layouts = named.layouts if named else ()
    wanted = [(layout.name, place) for layout in layouts for place in layout.inside]
    if inside or not named:
        wanted = [(layouts[0].name if layouts else "", inside)]
    found = [(layout, at) for layout, place in wanted if holds_weights(at := folder / place)]
    places = [at for _, at in found]
    adapters = [] if inside else [at for at in _subfolders(folder) if _holds_adapter(at)]
    if not found and len(adapters) > 1:
        listed = ", ".join(path.name for path in adapters)
        steps = f"{str(folder).removesuffix(folder.name)}{named.family if named else folder.name}"
        raise AlphaRLBenchError(
            f"{folder}: holds the adapters {listed}; name one, as '{steps}/{adapters[0].name}'"
        )
    places += [at for at in adapters if at not in places]
    if not places:
        return None
    return found[0][0] if found else wanted[0][0], places


def _choices(group: _Group[T]) -> list[str]:
    """The notes on what was read where a step holds weights in several places."""
    inside = {
        step: [_below(path, place) for place in group.weights[step][1]]
        for step, path in group.steps.items()
        if step in group.weights
    }
    notes = []
    first = {places[0]: step for step, places in reversed(inside.items())}
    if len(first) > 1:
        each = ", ".join(
            f"{place or 'the folder itself'} from step {at}" for place, at in first.items()
        )
        notes.append(f"{group.at}: not all steps have their weights in one place: {each}")
    others = dict.fromkeys(place for places in inside.values() for place in places[1:])
    notes += [
        f"{group.at}: there are weights in {place or 'the folder itself'} too, which are not read"
        + (f"; name '{group.at}/{place}' to read them" if place else "")
        for place in others
    ]
    return notes


def _below(folder: Tree, place: Tree) -> str:
    return str(place).removeprefix(str(folder)).removeprefix("/")


def _holds_adapter(folder: Tree) -> bool:
    return (folder / ADAPTER_CONFIG).is_file() and any(
        (folder / name).is_file() for name in ADAPTER_FILES
    )


def _containers(folder: T, depth: int) -> list[T]:
    """The folders with step folders in them; below such a folder nothing more is looked for.

    Level by level, and no folder twice, however many links lead to it.
    """
    found: list[T] = []
    level, seen = [folder], {_real(folder)}
    for _ in range(depth + 1):
        below: dict[Hashable, T] = {}
        for at in level:
            inside = _subfolders(at)
            if any(step_name(path.name) for path in inside):
                found.append(at)
            else:
                for path in inside:
                    below.setdefault(_real(path), path)
        level = [path for real, path in below.items() if real not in seen]
        seen |= below.keys()
    return found


def _real(folder: Tree) -> Hashable:
    """What two folders have in common if one is a link to the other; the Hub has no such links."""
    return folder.resolve() if isinstance(folder, Path) else object()


def _subfolders(folder: T) -> list[T]:
    inside = [path for path in _entries(folder) if not path.name.startswith(".")]
    return sorted((path for path in inside if path.is_dir()), key=lambda path: path.name)


def _entries(folder: T) -> list[T]:
    try:
        return list(folder.iterdir())
    except PermissionError:
        return []


def _without_weights(folder: Tree) -> AlphaRLBenchError:
    return AlphaRLBenchError(_why_without(folder))


def _why_without(folder: Tree) -> str:
    if found := _shards_of(folder):
        shards, at = found
        return f"{folder}: holds {shards.name}; {shards.remedy.format(at=shlex.quote(str(at)))}"
    return f"{folder}: no weights in this checkpoint; finish copying or saving it"


def _shards_of(folder: T) -> tuple[Shards, T] | None:
    for shards in SHARDS:
        for place in shards.inside:
            at = folder / place
            if at.is_dir() and any(fnmatch(path.name, shards.marker) for path in _entries(at)):
                return shards, at
    return None
