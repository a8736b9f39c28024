"""The tasks that variants can be scored on: the nano lane's families and the paper's benchmarks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import FAMILIES
from alpharl_bench.registry import unknown

#: A file here is a benchmark, unless its name begins with an underscore.
FOLDER = Path(__file__).parent / "lm_eval_tasks"
#: The groups of the nano lane's families, of games and of the paper's benchmarks.
NANO, GAMES, PAPER = "nano", "games", "paper"


@dataclass(frozen=True)
class Benchmark:
    """A benchmark of the catalogue: its lm-eval task file, and where its questions are."""

    name: str
    title: str
    group: str
    file: Path
    dataset: str
    subset: str | None
    split: str


@cache
def benchmarks() -> Mapping[str, Benchmark]:
    """All benchmarks by name."""
    files = sorted(path for path in FOLDER.glob("*.yaml") if not path.name.startswith("_"))
    return {path.stem: _benchmark(path) for path in files}


def select(names: str) -> tuple[str, ...]:
    """The tasks that ``--tasks`` names: tasks and groups of them, separated by commas.

    Raises:
        AlphaRLBenchError: a name is unknown, or arithmetic and benchmarks are mixed.
    """
    groups: dict[str, list[str]] = {NANO: list(FAMILIES)}
    for benchmark in benchmarks().values():
        groups.setdefault(benchmark.group, []).append(benchmark.name)
    known = [*groups, *FAMILIES, *benchmarks()]
    chosen: list[str] = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name not in known:
            raise AlphaRLBenchError(f"--tasks {names}: {unknown('task', name, known)}")
        chosen += groups.get(name, [name])
    tasks = tuple(dict.fromkeys(chosen))
    if not tasks:
        raise AlphaRLBenchError(f"--tasks '{names}': name tasks; known: {', '.join(known)}")
    if len({task in FAMILIES for task in tasks}) > 1:
        raise AlphaRLBenchError(
            f"--tasks {names}: arithmetic and benchmarks are asked in different ways; "
            "score them in sessions of their own"
        )
    return tasks


def _benchmark(path: Path) -> Benchmark:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  (a SafeLoader)
    return Benchmark(
        name=path.stem,
        title=content["metadata"]["title"],
        group=content["metadata"]["group"],
        file=path,
        dataset=content["dataset_path"],
        subset=content.get("dataset_name"),
        split=content.get("test_split", "test"),
    )


class _Loader(yaml.SafeLoader):
    """Reads the names of functions as text: nothing is imported to list the catalogue."""


def _name(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("!function", _name)
