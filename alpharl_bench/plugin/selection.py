"""Which runs of a lane a session judges: its core, and those that the command line names."""

import re
from collections.abc import Iterable
from typing import Any

import pytest

from alpharl_bench.plugin.items import run_of

#: A word of ``-k``, as pytest reads it.
_WORD = re.compile(r"[\w:+.\[\]\\/-]+")
_OPERATORS = ("and", "or", "not")
#: So many names stand in a line.
_SHOWN = 3
_LEFT_OUT = pytest.StashKey[list[str]]()
#: What a worker of xdist hands to the process that reports.
_OUTPUT = "alpharl_bench_left_out"


def words_of(keyword: str) -> list[str]:
    """The words of a ``-k`` expression in lower case; pytest tells no cases apart."""
    return [word.lower() for word in _WORD.findall(keyword) if word not in _OPERATORS]


def named_runs(keyword: str, places: Iterable[str]) -> frozenset[str]:
    """The runs that a command line names, in lower case, among words that name none.

    Args:
        keyword: the ``-k`` expression: a word of it is the whole name, or ends in it as a test's
            id does.
        places: the files and ids of tests; an id ends in a run's name in brackets.
    """
    words = [*words_of(keyword), *(place.lower() for place in places if place.endswith("]"))]
    return frozenset(word.rsplit("[", 1)[-1].removesuffix("]") for word in words)


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of runs that are neither core nor named, and note these runs."""
    if config.getoption("all_runs"):
        return
    named = named_runs(config.getoption("keyword"), config.args)
    kept: list[pytest.Item] = []
    left: dict[pytest.Item, str] = {}
    for item in items:
        run = run_of(item)
        if run is None or run.core or run.name.lower() in named:
            kept.append(item)
        else:
            left[item] = run.name
    if not left:
        return
    items[:] = kept
    config.hook.pytest_deselected(items=list(left))
    names = config.stash[_LEFT_OUT] = sorted(set(left.values()))
    if hasattr(config, "workeroutput"):
        config.workeroutput[_OUTPUT] = names


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Note what a worker left out; all of them leave out the same."""
    if left := getattr(node, "workeroutput", {}).get(_OUTPUT):
        node.config.stash[_LEFT_OUT] = left


def left_out(config: pytest.Config) -> list[str]:
    """The runs that the other options select and the session leaves out, by name."""
    return config.stash.get(_LEFT_OUT, [])


def left_out_line(left: list[str]) -> str:
    """How many runs were left out, and how to have them judged."""
    runs = "1 run that is" if len(left) == 1 else f"{len(left)} runs that are"
    return f"left out: {runs} not core ({_some(left)}); {_remedy(left)}"


def nothing_core(keyword: str, left: list[str]) -> str:
    """The same of a session that has no other test."""
    what = f"-k '{keyword}' selects" if keyword else "the command line selects"
    return f"{what} no core run; it selects {_some(left)}; {_remedy(left)}"


def _remedy(left: list[str]) -> str:
    return f"name a run to judge it (-k {left[0]}), or judge all by --all-runs"


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
