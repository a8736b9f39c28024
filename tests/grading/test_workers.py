"""Workers that die, from inside and outside, and what becomes of their comparisons."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpharl_bench.grading import Mark, grade, workers
from alpharl_bench.grading.maths import Comparison
from tests.grading import faults

ROOT = Path(__file__).parents[2]


def worker_processes() -> list[multiprocessing.process.BaseProcess]:
    return [p for p in multiprocessing.active_children() if p.name == "pebble_pool_worker"]


def assert_grading_works() -> None:
    q = time.monotonic_ns()
    # With a power, so that the worker is asked: plain numbers are compared without one.
    answers = [rf"\boxed{{\frac{{2^1}}{{{2 * q}}}}}", rf"\boxed{{\frac{{1^2}}{{{q + 1}}}}}"]
    assert [g.mark for g in grade("math", f"1/{q}", answers)] == [Mark.RIGHT, Mark.WRONG]


@pytest.fixture(autouse=True)
def grading_goes_on() -> Iterator[None]:
    yield
    assert_grading_works()


def test_a_comparison_whose_worker_was_killed_is_done_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workers, "compare", faults.killed_once)
    pair = (str(tmp_path / "seen"), "1")
    assert workers.compare_all([pair]) == {pair: Comparison(right=True, form="1")}


def test_a_comparison_that_kills_its_worker_twice_is_stopped_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workers, "compare", faults.killed_always)
    deadly = (str(tmp_path / "tries"), "1")
    kept = [("kept", str(n)) for n in range(20)]
    compared = workers.compare_all([*kept[:10], deadly, *kept[10:]])
    assert compared.pop(deadly) is None
    assert compared == {pair: Comparison(right=True, form=pair[1]) for pair in kept}
    assert (tmp_path / "tries").read_text() == "xx"


def test_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "compare", faults.greedy)
    limit = workers.COMPARISON_BYTES
    little, much = (str(limit // 4), "1"), (str(2 * limit), "1")
    compared = workers.compare_all([little, much])
    assert compared[little] is not None
    assert compared[much] is None


def test_recursion_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "compare", faults.recursive)
    assert workers.compare_all([("1", "2")]) == {("1", "2"): None}


def test_a_comparison_is_ended_by_processor_time_and_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workers, "compare", faults.busy)
    monkeypatch.setattr(workers, "COMPARISON_SECONDS", 0.5)
    pair = (str(tmp_path / "tries"), "1")
    assert workers.compare_all([pair]) == {pair: None}
    assert (tmp_path / "tries").read_text() == "x"


def test_a_comparison_that_waits_takes_no_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that waits for its turn on a busy machine."""
    monkeypatch.setattr(workers, "compare", faults.waiting)
    monkeypatch.setattr(workers, "COMPARISON_SECONDS", 0.2)
    assert workers.compare_all([("1.5", "1")])["1.5", "1"] is not None


def test_idle_workers_that_are_killed_are_replaced() -> None:
    assert_grading_works()
    before = worker_processes()
    assert before
    for worker in before:
        os.kill(worker.pid, signal.SIGKILL)
    time.sleep(0.5)
    assert_grading_works()
    assert not {w.pid for w in before} & {w.pid for w in worker_processes()}


def test_workers_killed_from_outside_while_they_compare_do_not_stall_grading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "COMPARISON_SECONDS", 1.0)
    grades = []
    responses = [rf"\boxed{{9^{{9^{{9^{n}}}}}}}" for n in range(10, 14)] + [r"\boxed{\sqrt{4}}"]
    thread = threading.Thread(target=lambda: grades.extend(grade("math", "2", responses)))
    thread.start()
    for _ in range(3):
        time.sleep(1)
        for worker in worker_processes():
            os.kill(worker.pid, signal.SIGKILL)
    thread.join(timeout=240)
    assert not thread.is_alive()
    assert "".join(g.mark for g in grades) == "xxxx1"


def test_threads_may_grade_at_the_same_time() -> None:
    marks: dict[int, str] = {}

    def work(n: int) -> None:
        responses = [rf"\boxed{{\frac{{{k}^1}}{{{7 * n}}}}}" for k in range(1, 6)]
        marks[n] = "".join(g.mark for g in grade("math", rf"\frac{{9}}{{{21 * n}}}", responses))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
    assert marks == dict.fromkeys(range(1, 9), "00100")


def python(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_process_that_has_graded_ends_and_takes_its_workers_with_it(tmp_path: Path) -> None:
    run = python(
        r"""
        import multiprocessing
        from alpharl_bench.grading import grade
        if __name__ == "__main__":
            assert grade("math", "2", [r"\boxed{\sqrt{4}}"])[0].mark == "1"
            print(*(p.pid for p in multiprocessing.active_children()))
        """,
        tmp_path,
    )
    assert (run.returncode, run.stderr) == (0, "")
    pids = run.stdout.split()
    assert pids
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_forked_child_grades_with_workers_of_its_own(tmp_path: Path) -> None:
    run = python(
        r"""
        import os
        from alpharl_bench.grading import grade
        if __name__ == "__main__":
            assert grade("math", "2", [r"\boxed{\sqrt{4}}"])[0].mark == "1"
            child = os.fork()
            mark = grade("math", "3", [r"\boxed{\sqrt{9}}"])[0].mark
            if child == 0:
                os._exit(0 if mark == "1" else 1)
            assert mark == "1" and os.waitpid(child, 0)[1] == 0
        """,
        tmp_path,
    )
    assert run.returncode == 0, run.stderr


def test_a_script_without_a_main_guard_is_told_so(tmp_path: Path) -> None:
    run = python(
        r"""
        from alpharl_bench.grading import grade
        grade("math", "2", [r"\boxed{\sqrt{4}}"])
        """,
        tmp_path,
    )
    assert run.returncode == 1
    assert "below `if __name__ == '__main__':`" in run.stderr
