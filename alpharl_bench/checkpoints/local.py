"""The checkpoints that a path on this disk names."""

from pathlib import Path

from alpharl_bench.checkpoints.deltas import ANCHORS, DELTAS, chains_of, published
from alpharl_bench.checkpoints.find import Found, find_checkpoints
from alpharl_bench.checkpoints.layouts import ITSELF, step_name
from alpharl_bench.errors import AlphaRLBenchError

_NOTE = (
    "TRL publishes version 1 before the first update: the steps here are syncs since then, by 1 "
    "below the numbers in the names; its detector may miss changes until the next anchor"
)


def find_in(path: Path) -> Found[Path] | None:
    """The checkpoints of a folder, or of those of one name in it.

    ``DIR/name-step-*`` are those of one name, ``DIR/checkpoint-*/math`` what lies in each of them,
    ``DIR/deltas`` a trajectory of sparse deltas.

    Returns:
        None if neither the folder nor anything of that name is there.

    Raises:
        AlphaRLBenchError: there are both step folders and deltas, or see
            :func:`~alpharl_bench.checkpoints.find.find_checkpoints`.
    """
    if path.is_dir():
        deltas, named = find_deltas(path), map(step_name, steps_in(path))
        family = next((step.family for step in named if step), "")
        if deltas is not None and family and deltas.container == path:
            raise AlphaRLBenchError(
                f"{path}: holds step folders and sparse deltas; name '{path}/deltas', or "
                f"the step folders by '{path}/{family}'"
            )
        return deltas or find_checkpoints(path)
    container, family, inside = split_pattern(path)
    if family and any(container.glob(family)):
        return find_checkpoints(container, family, inside)
    return None


def find_deltas(folder: Path) -> Found[Path] | None:
    """The versions of a folder that holds ``deltas`` or ``anchors``, or that is one of these.

    The place of a checkpoint is the file of its version. Version 1 is step 0. A version that cannot
    be made, because a delta before it is missing, is left out with a note.

    Returns:
        None if there are no such files.

    Raises:
        AlphaRLBenchError: no version after the first can be made.
    """
    top = folder.parent if folder.name in {ANCHORS, DELTAS} else folder
    anchors, deltas = published(top)
    if not deltas and not anchors:
        return None
    chains = chains_of(anchors, deltas)
    lost = sorted((anchors.keys() | deltas.keys()) - chains.keys())
    notes = [_NOTE]
    if lost:
        notes.append(
            f"{top}: version {', '.join(map(str, lost))} cannot be made and is left out: a version "
            "between it and the anchor before it is not there"
        )
    files = {
        version - 1: anchors.get(version) or deltas[version] for version in chains if version > 1
    }
    if not files:
        raise AlphaRLBenchError(f"{top}: {notes[-1] if lost else 'holds version 1 alone'}")
    return Found("TRL, sparse deltas", tuple(notes), top, files)


def split_pattern(path: Path) -> tuple[Path, str, str]:
    """The folder, the name with ``*``, and what follows it.

    The name is empty where there is no ``*``; of several names with ``*`` the first counts.
    """
    for place, part in enumerate(path.parts):
        if "*" in part:
            return Path(*path.parts[:place]), part, "/".join(path.parts[place + 1 :])
    return path, "", ITSELF


def steps_in(folder: Path) -> list[str]:
    """The names of the step folders right in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir() if step_name(path.name) and path.is_dir())


def run_name(path: Path) -> str:
    """The name of a folder without the steps: that of ``DAPO-step-*`` is DAPO."""
    container, family, _ = split_pattern(path)
    if not family:
        return path.name
    prefix = family.partition("*")[0]
    return prefix.removesuffix("-step-") if prefix.endswith("-step-") else container.name
