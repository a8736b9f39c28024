"""What a session says of the trainings that it begins with."""

import pytest

from alpharl_bench.plugin.trainings import training_table
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.pace import Estimate
from alpharl_bench.runs.status import run_folder
from tests.plugin.core_lane import CORE, small_lane
from tests.plugin.test_selection import CLAIM, session
from tests.runs.test_pace import put_run

HEAD = "trained first, once"


def rows(text):
    """The first cells of the table's rows, and the line below it."""
    lines = text.splitlines()
    (start,) = [i for i, line in enumerate(lines) if line.startswith(HEAD)]
    table = lines[start + 2 :]
    end = next(i for i, line in enumerate(table) if line.startswith("in all"))
    return [line.split("  ")[0].strip() for line in table[:end]], table[end]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    return tmp_path


def test_runs_and_bases_that_are_lacking_are_said_before_the_first_test(empty):
    text = session(*CLAIM).stdout
    made, total = rows(text)
    assert made == ["base tiny", *CORE]
    assert total.startswith("in all about ")
    assert text.index(HEAD) < text.index("test_fully_trained.py ss")


def test_workers_begin_after_it_is_said_once(empty):
    text = session(*CLAIM, "-n", "2", "-v").stdout
    made, total = rows(text)
    assert made == ["base tiny", *CORE]
    assert "with 2 workers" in total
    assert text.index(HEAD) < text.index("SKIPPED")
    # They leave out the same, which is said once too.
    assert text.count("left out: 4 runs that are not core") == 1
    assert "2 skipped" in text


@pytest.mark.parametrize("options", [["-q"], ["--plan"], ["--collect-only"]])
def test_nothing_is_said_where_it_would_be_noise_or_nothing_is_trained(empty, options):
    assert HEAD not in session(*CLAIM, *options).stdout


def test_of_trained_runs_nothing_is_said(empty):
    registry = small_lane()
    entry = registry.run("qwen3-switch-grpo")
    put_run(run_folder(entry, run_digest(entry, registry)), entry, registry, seconds=60.0)
    text = session(*CLAIM, "-k", entry.name).stdout
    assert "test_fully_trained.py s" in text
    assert HEAD not in text
    made, _ = rows(session(*CLAIM).stdout)
    assert made == ["base tiny", "tiny-sft"]


FOUND = [
    Estimate("base tiny", 800, 300.0, "two idle cores", is_run=False),
    Estimate("long", 100, 400.0, "as other took"),
    Estimate("short", 50, 20.0, "as other took"),
]


def test_a_table_has_steps_time_and_what_it_rests_on():
    head, _, base, long, short, total = training_table(FOUND, 1).splitlines()
    assert head.split() == ["trained", "first,", "once", "steps", "about", "estimated", "by"]
    assert base.split("  ")[0] == "base tiny"
    assert base.split()[2:] == ["800", "5", "min", "two", "idle", "cores"]
    assert long.split() == ["long", "100", "7", "min", "as", "other", "took"]
    assert short.split()[:4] == ["short", "50", "20", "s"]
    assert total == "in all about 12 min, then scoring"


def test_workers_train_side_by_side_and_none_is_done_before_the_longest():
    assert "about 12 min with 2 workers" in training_table(FOUND, 2)
    equal = [Estimate(str(i), 1, 600.0, "") for i in range(4)]
    assert "about 20 min with 2 workers" in training_table(equal, 2)


def test_what_is_fetched_has_no_time():
    fetched = Estimate("base public", 0, 0.0, "a download of 92.9 MB", is_run=False)
    line = training_table([fetched, FOUND[1]], 1).splitlines()[2]
    assert line.split() == ["base", "public", "a", "download", "of", "92.9", "MB"]
