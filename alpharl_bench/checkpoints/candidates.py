"""Which files of a folder hold its weights, where several may: transformers' order, and a note."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alpharl_bench.formatting import size_text

#: What holds the weights of a model folder, in the order in which transformers looks for them
#: (``_get_resolved_checkpoint_files`` in ``transformers/modeling_utils.py``).
WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
ADAPTER_CONFIG = "adapter_config.json"
#: What holds the weights of an adapter, in peft's order.
ADAPTER_FILES = ("adapter_model.safetensors", "adapter_model.bin")
_INDEX = ".index.json"
_SHARD = re.compile(
    r"(?P<stem>model|pytorch_model)-(?P<number>\d{1,5})-of-(?P<total>\d{1,5})"
    r"(?P<end>\.safetensors|\.bin)"
)


@dataclass(frozen=True)
class ShardSet:
    """Shards that belong together by their names, as ``model-00001-of-00003.safetensors``.

    Args:
        name: their names with ``*`` for the number.
        files: the shards that are there, sorted.
        missing: those that their names say to be missing.
    """

    name: str
    files: tuple[str, ...]
    missing: tuple[str, ...]


def shard_sets(names: Iterable[str]) -> dict[str, ShardSet]:
    """The sets of shards among the names of files, by name; shards of another total are another."""
    found: dict[tuple[str, str, str], dict[int, str]] = {}
    for name in names:
        if match := _SHARD.fullmatch(name):
            key = (match["stem"], match["total"], match["end"])
            found.setdefault(key, {})[int(match["number"])] = name
    sets = [
        ShardSet(
            f"{stem}-*-of-{total}{end}",
            tuple(sorted(shards.values())),
            tuple(
                f"{stem}-{number:0{len(total)}d}-of-{total}{end}"
                for number in range(1, int(total) + 1)
                if number not in shards
            ),
        )
        for (stem, total, end), shards in sorted(found.items())
    ]
    return {of.name: of for of in sets}


def candidates(names: Collection[str], wanted: Iterable[str] = WEIGHT_FILES) -> list[str]:
    """What may hold the weights among the names of a folder's files, in the order of ``wanted``.

    Shards stand, as a :class:`ShardSet` by its name, where their index would that is not there.
    """
    sets = shard_sets(names)
    found: list[str] = []
    for name in wanted:
        if name in names:
            found.append(name)
        elif name.endswith(_INDEX):
            stem, end = name.removesuffix(_INDEX).rsplit(".", 1)
            found += [of for of in sets if of.startswith(f"{stem}-*") and of.endswith(f".{end}")]
    return found


def file_names(folder: Path) -> set[str]:
    """The names of the files in a folder; none where it is not there."""
    return {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()


def choice(folder: Path, chosen: str, found: Mapping[str, Collection[str]]) -> list[str]:
    """The note on what was read of several things that may hold a folder's weights, if there are.

    Args:
        folder: the folder.
        chosen: what is read.
        found: the files of each thing by its name; what has the files of ``chosen`` is the same.
    """
    others = [name for name in found if set(found[name]) != set(found[chosen])]
    if not others:
        return []
    passed = ", ".join(_described(folder, name, found[name]) for name in others)
    note = (
        f"{folder}: {_described(folder, chosen, found[chosen])} is read, as transformers and peft "
        f"do, and not {passed}; to read another, link it into a folder of its own"
    )
    return [note]


def _described(folder: Path, name: str, files: Collection[str]) -> str:
    here = [(folder / file).stat() for file in files if (folder / file).is_file()]
    if not here:
        return f"{name} (its files are not there)"
    changed = datetime.fromtimestamp(max(status.st_mtime for status in here)).astimezone()
    size = size_text(sum(status.st_size for status in here))
    lacking = "" if len(here) == len(files) else f", {len(files) - len(here)} files missing"
    return f"{name} ({size}, {changed:%Y-%m-%d %H:%M}{lacking})"


def adapter_choice(folder: Path) -> list[str]:
    """The note on what lies in an adapter's folder beside the adapter that is read, if anything."""
    names = file_names(folder)
    found: dict[str, Collection[str]] = {name: [name] for name in ADAPTER_FILES if name in names}
    if not found:
        return []
    chosen = next(iter(found))
    sets = shard_sets(names)
    for name in candidates(names):
        found[name] = sets[name].files if name in sets else [name]
    return choice(folder, chosen, found)
