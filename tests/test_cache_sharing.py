"""Processes that share a cache share what is missing of it, and make nothing twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from alpharl_bench.cache import locked, unmade

# Locks are of files, so that threads stand for processes.


@pytest.fixture
def paths(tmp_path):
    return {n: tmp_path / f"{n}.json" for n in range(8)}


def test_two_share_the_work(paths):
    both = threading.Barrier(2)

    def make():
        made = []
        for (unit,) in unmade(paths):
            if not made:
                both.wait(timeout=20)  # Each has one before the other goes on.
            made.append(unit)
            paths[unit].touch()
        return made

    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(make) for _ in range(2))
    assert sorted(first.result() + second.result()) == sorted(paths)
    assert first.result()
    assert second.result()
    assert list(unmade(paths)) == []


def test_what_another_began_and_left_is_made_at_last(paths):
    begun, leave = threading.Event(), threading.Event()

    def fail():
        with locked(paths[0]):
            begun.set()
            leave.wait(timeout=20)

    made = []
    with ThreadPoolExecutor(1) as pool:
        failing = pool.submit(fail)
        begun.wait(timeout=20)
        for (unit,) in unmade(paths):
            made.append(unit)
            paths[unit].touch()
            if len(made) == len(paths) - 1:
                leave.set()
        failing.result()
    assert made == [1, 2, 3, 4, 5, 6, 7, 0]


def test_what_another_makes_is_waited_for_and_not_made_again(paths):
    begun, rest = threading.Event(), threading.Event()

    def make():
        with locked(paths[0]):
            begun.set()
            rest.wait(timeout=20)
            paths[0].touch()

    made = []
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(make)
        begun.wait(timeout=20)
        for (unit,) in unmade(paths):
            made.append(unit)
            paths[unit].touch()
            if len(made) == len(paths) - 1:
                rest.set()
        other.result()
    assert made == [1, 2, 3, 4, 5, 6, 7]


def test_who_makes_several_at_a_time_gets_all_at_once(paths):
    paths[3].touch()
    (units,) = unmade(paths, together=True)
    assert units == [0, 1, 2, 4, 5, 6, 7]
