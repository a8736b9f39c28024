"""What the cache keeps of the zoo, and how it gets smaller again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alpharl_bench.cache import cache_root, locked_if_free, remove_folder
from alpharl_bench.registry import Registry
from alpharl_bench.runs.bases import cached_base
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.disk import folder_bytes
from alpharl_bench.runs.status import DONE, run_folder
from alpharl_bench.training.history import last_whole_checkpoint, step_of

#: A dash and the 16 characters of a content key, behind a name.
_KEY = 17


@dataclass(frozen=True)
class Kept:
    """A folder of the cache.

    ``stale`` is one that the registry and the installed libraries do not describe any more: nothing
    will use it again. A run is not ``whole`` while it trains and after it was interrupted.
    """

    kind: Literal["run", "base", "decomposition"]
    name: str
    folder: Path
    stale: bool
    whole: bool

    @property
    def state(self) -> str:
        """Stale, interrupted, both or neither, as a table says it."""
        states = ["stale"] if self.stale else []
        if not self.whole:
            last = last_whole_checkpoint(self.folder)
            states.append(f"interrupted at step {0 if last is None else step_of(last)}")
        return ", ".join(states) or "whole"

    @property
    def bytes(self) -> int:
        """What it takes on disk."""
        return folder_bytes(self.folder)


def kept(registry: Registry) -> list[Kept]:
    """The runs of the cache, the bases that were made, and decomposed updates, each by name."""
    return [*_runs(registry), *_bases(registry), *_decompositions()]


def remove(found: Kept) -> str:
    """Remove a folder of the cache; why it was left alone, or nothing.

    A link is left alone, as is what lies behind one, and what another process works on.
    """
    inside = cache_root().resolve() / found.folder.parent.name / found.folder.name
    if found.folder.resolve() != inside:
        return "a link to somewhere else"
    with locked_if_free(found.folder) as free:
        if not free:
            return "another process works on it"
        # It may have gone while this waited for an answer.
        if found.folder.is_dir():
            remove_folder(found.folder)
    return ""


def _runs(registry: Registry) -> list[Kept]:
    current = {run_folder(run, run_digest(run, registry)) for run in registry.runs.values()}
    return [
        Kept("run", f.name[:-_KEY], f, f not in current, (f / DONE).is_file())
        for f in _folders("runs")
    ]


def _bases(registry: Registry) -> list[Kept]:
    current = {cached_base(model) for model in registry.models.values()}
    return [
        Kept("base", f.name[:-_KEY], f, f not in current, whole=True) for f in _folders("bases")
    ]


def _decompositions() -> list[Kept]:
    return [Kept("decomposition", f.name, f, stale=False, whole=True) for f in _folders("factors")]


def _folders(kind: str) -> Iterator[Path]:
    """The folders of a kind by name; scratch folders and locks begin with a dot."""
    for path in sorted((cache_root() / kind).glob("[!.]*")):
        if path.is_dir():
            yield path
