"""What will be trained, and about how long that takes: said once, before any of it begins."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pytest
from tabulate import tabulate

from alpharl_bench.formatting import lines, rough_time_text
from alpharl_bench.plugin.faults import ends_session
from alpharl_bench.plugin.items import run_of
from alpharl_bench.plugin.options import run_specs_of
from alpharl_bench.runs.pace import Estimate, estimates
from alpharl_bench.runs.spec import RunSpec
from alpharl_bench.runs.trained import TrainedRun

_SAID = pytest.StashKey[bool]()


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> str:
    """Say it below the number of tests, where this process judges them."""
    judged = [item for item in items if item.get_closest_marker("skip") is None]
    return _announcement(config, {run.name for item in judged if (run := run_of(item))})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: Sequence[str]) -> None:
    """Say it when the first worker knows its tests; no worker has begun with any by then."""
    config: pytest.Config = node.config
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.stash.get(_SAID, False):
        return
    config.stash[_SAID] = True
    names = {id_.rsplit("[", 1)[-1].removesuffix("]") for id_ in ids}
    if text := _announcement(config, names):
        # Behind what xdist shows of its workers on this line.
        reporter.write_line("")
        reporter.write_line(text)


def _announcement(config: pytest.Config, names: Collection[str]) -> str:
    """The table, where a session that is not to be quiet trains any of these runs."""
    idle = config.option.collectonly or config.getoption("plan")
    if idle or config.get_verbosity() < 0:
        return ""
    with ends_session():
        runs = [spec for spec in run_specs_of(config) if spec.name in names]
        found = _estimates(runs)
    workers = config.getoption("numprocesses", None) or 1
    return lines(training_table(found, workers)) if found else ""


def _estimates(runs: Iterable[RunSpec]) -> list[Estimate]:
    sources = [run.source for run in runs if isinstance(run.source, TrainedRun)]
    if not sources:
        return []
    return estimates([source.entry for source in sources], sources[0].registry)


def training_table(found: Sequence[Estimate], workers: int) -> str:
    """A row for each run and base that is made first, and about how long all of them take.

    Args:
        found: the runs and bases, at least one.
        workers: how many runs are trained side by side.
    """
    rows = [
        {
            "trained first, once": one.what,
            "steps": one.steps or "",
            "about": rough_time_text(one.seconds) if one.steps else "",
            "estimated by": one.basis,
        }
        for one in found
    ]
    table = tabulate(rows, headers="keys", tablefmt="simple", disable_numparse=True)
    beside = f" with {workers} workers" if workers > 1 else ""
    return (
        f"{table}\nin all about {rough_time_text(_seconds(found, workers))}{beside}, then scoring"
    )


def _seconds(found: Sequence[Estimate], workers: int) -> float:
    """Bases one after the other, then the runs side by side."""
    runs = [one.seconds for one in found if one.is_run]
    bases = sum(one.seconds for one in found if not one.is_run)
    return bases + max(*runs, sum(runs) / workers)
