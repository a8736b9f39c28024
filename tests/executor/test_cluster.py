"""Units of work on a cluster of two workers: all of them, once each, whoever dies."""

import os

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.executor import LOCAL
from tests.executor.contexts import (
    Counter,
    die,
    die_once,
    fail_on_first_host,
    fault,
    mistake,
    square,
)


def test_every_unit_is_done_once_at_a_desk_of_its_process(executor, tmp_path):
    context = Counter(tmp_path)
    found = dict(executor.results(context, square, range(9)))
    local = dict(LOCAL.results(Counter(tmp_path), square, range(9)))
    assert {u: r[:2] for u, r in found.items()} == {u: r[:2] for u, r in local.items()}
    by_process = {}
    for _, _, done, process in found.values():
        by_process.setdefault(process, []).append(done)
    # Every process has loaded the context once and counts on.
    assert os.getpid() not in by_process
    assert len(by_process) <= 2
    for counts in by_process.values():
        assert sorted(counts) == list(range(1, len(counts) + 1))
    assert context.done == 0


def test_a_worker_gives_back_what_it_held_for_another_run(executor, tmp_path):
    first = [r for _, r in executor.results(Counter(tmp_path, "a"), square, range(4))]
    second = [r for _, r in executor.results(Counter(tmp_path, "b"), square, range(4))]
    assert {name for name, *_ in first} == {"a"}
    assert {name for name, *_ in second} == {"b"}
    both = {process for *_, process in first} & {process for *_, process in second}
    assert {f"closed-a-{process}" for process in both} <= {p.name for p in tmp_path.iterdir()}


def test_the_unit_of_a_killed_worker_is_done_by_another(executor, tmp_path):
    found = list(executor.results(Counter(tmp_path), die_once, range(3)))
    assert sorted(found) == [(0, 0), (1, 1), (2, 2)]
    assert int((tmp_path / "died").read_text()) != os.getpid()


def test_a_unit_that_kills_whoever_does_it_is_given_up(executor, tmp_path):
    with pytest.raises(AlphaRLBenchError, match="3 workers died while they did 7"):
        list(executor.results(Counter(tmp_path), die, [7]))
    assert len(list(tmp_path.glob("dead-*"))) == 3
    # The dead are replaced.
    assert dict(executor.results(Counter(tmp_path), die_once, [5])) == {5: 5}


def test_a_mistake_is_raised_here_as_it_was_there(executor, tmp_path):
    with pytest.raises(AlphaRLBenchError, match=r"^what is wrong, where, what to do$"):
        list(executor.results(Counter(tmp_path), mistake, range(4)))
    with pytest.raises(ZeroDivisionError):
        list(executor.results(Counter(tmp_path), fault, range(4)))
    assert dict(executor.results(Counter(tmp_path), mistake, [3])) == {3: 3}


def test_on_a_single_host_a_failure_is_not_tried_again(executor, tmp_path):
    with pytest.raises(OSError, match="full disk"):
        list(executor.results(Counter(tmp_path), fail_on_first_host, range(3)))
    assert len((tmp_path / "tried-1").read_text().splitlines()) == 1


def test_what_nobody_waits_for_is_given_up(executor, tmp_path):
    results = executor.results(Counter(tmp_path), square, range(50))
    next(results)
    results.close()
    left = dict(executor.results(Counter(tmp_path), square, range(3)))
    assert [left[unit][1] for unit in range(3)] == [0, 1, 4]
