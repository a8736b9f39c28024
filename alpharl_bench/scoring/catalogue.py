"""The tasks that variants can be scored on: arithmetic, games and the paper's benchmarks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.problems import FAMILIES, NANO_FAMILIES, WORD_FAMILIES
from alpharl_bench.registry import unknown

#: A file here is a benchmark of its name, unless that begins with an underscore. ``task`` in it has
#: the prefix ``alpharl_``: lm-eval has tasks of the same name, which a file of ours would replace
#: under ``lm_eval --include_path``.
FOLDER = Path(__file__).parent / "lm_eval_tasks"
#: The groups of the nano lane's families, of those in words, of the games and of the paper's
#: benchmarks.
NANO, WORDS, GAMES, PAPER = "nano", "words", "games", "paper"
#: A game and who is played against; the players themselves are in :mod:`..scoring.games`, which
#: takes seconds to load.
GAME_TASKS = ("kuhn-nash", "kuhn-uniform", "negotiation-trader")
#: Tokens of the longest prompt, with its template: of arithmetic, whose longest question has less
#: than 110 characters, and of all else, as the paper has it (Appendix B).
FAMILY_PROMPT, BENCHMARK_PROMPT = 128, 2048
Kind = Literal["arithmetic", "games", "benchmarks"]


@dataclass(frozen=True)
class Benchmark:
    """A benchmark of the catalogue: its lm-eval task file, and where its questions are.

    ``questions`` is how many there are.
    """

    name: str
    title: str
    group: str
    file: Path
    dataset: str
    subset: str | None
    split: str
    questions: int


@cache
def benchmarks() -> Mapping[str, Benchmark]:
    """All benchmarks by name."""
    files = sorted(path for path in FOLDER.glob("*.yaml") if not path.name.startswith("_"))
    return {path.stem: _benchmark(path) for path in files}


def select(names: str) -> tuple[str, ...]:
    """The tasks that ``--tasks`` names: tasks and groups of them, separated by commas.

    Raises:
        AlphaRLBenchError: a name is unknown, or tasks of several kinds are mixed.
    """
    groups: dict[str, list[str]] = {
        NANO: list(NANO_FAMILIES),
        WORDS: list(WORD_FAMILIES),
        GAMES: list(GAME_TASKS),
    }
    for benchmark in benchmarks().values():
        groups.setdefault(benchmark.group, []).append(benchmark.name)
    known = [*groups, *FAMILIES, *GAME_TASKS, *benchmarks()]
    chosen: list[str] = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name not in known:
            raise AlphaRLBenchError(f"--tasks {names}: {unknown('task', name, known)}")
        chosen += groups.get(name, [name])
    tasks = tuple(dict.fromkeys(chosen))
    if not tasks:
        raise AlphaRLBenchError(f"--tasks '{names}': name tasks; known: {', '.join(known)}")
    kinds = dict.fromkeys(map(kind_of, tasks))
    if len(kinds) > 1:
        raise AlphaRLBenchError(
            f"--tasks {names}: {' and '.join(sorted(kinds))} are asked in different ways; "
            "score them in sessions of their own"
        )
    return tasks


def kind_of(task: str) -> Kind:
    """What a task is: a family of arithmetic, a game, or a benchmark."""
    if task in FAMILIES:
        return "arithmetic"
    return "games" if task in GAME_TASKS else "benchmarks"


def _benchmark(path: Path) -> Benchmark:
    content = _read(path)
    return Benchmark(
        name=path.stem,
        title=content["metadata"]["title"],
        group=content["metadata"]["group"],
        file=path,
        dataset=content["dataset_path"],
        subset=content.get("dataset_name"),
        split=content.get("test_split", "test"),
        questions=content["metadata"]["questions"],
    )


def longest_prompt(task: str) -> int:
    """Tokens of a prompt of a task that are reckoned with; no prompt is cut because of it.

    Args:
        task: the name of a task of the catalogue.
    """
    return FAMILY_PROMPT if task in FAMILIES else BENCHMARK_PROMPT


# A plan asks for every claim of every run, and YAML takes 10 ms to read.
@cache
def longest_response(task: str) -> int:
    """The most tokens of a response to a task, where no option says otherwise; of a match, a turn.

    Args:
        task: the name of a task of the catalogue.
    """
    if task in FAMILIES:
        return FAMILIES[task].tokens
    shared = _read(FOLDER / ("_benchmark.yaml" if task in benchmarks() else "_nano.yaml"))
    own = _read(benchmarks()[task].file) if task in benchmarks() else {}
    settings = shared["generation_kwargs"] | own.get("generation_kwargs", {})
    return int(settings["max_gen_toks"])


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  (a SafeLoader)
    return content


class _Loader(yaml.SafeLoader):
    """Reads the names of functions as text: nothing is imported to list the catalogue."""


def _name(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("!function", _name)
