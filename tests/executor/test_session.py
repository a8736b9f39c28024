"""`pytest suites --executor ray`: the same bits as without it, also where a worker is killed."""

import json
import time
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from alpharl_bench.cache import CACHE_VARIABLE
from tests.executor.conftest import TWO_CORES
from tests.models import learned_run
from tests.processes import run_pytest

CLAIMS = ("P1.1-control", "P1.3", "P1.6")


class Killer(Thread):
    """Kills the first worker that is seen doing a unit after a first one was stored."""

    def __init__(self, cache: Path) -> None:
        super().__init__()
        self.killed = 0
        self._cache, self._over = cache, Event()

    def run(self) -> None:
        while not (self.killed or self._over.is_set()):
            time.sleep(0.02)
            if any(self._cache.glob("scores/*/*.json")):
                self._kill()

    def _kill(self) -> None:
        for process in psutil.process_iter():
            try:
                own = process.environ().get(CACHE_VARIABLE) == str(self._cache)
                if own and process.name().startswith("ray::Worker.do"):
                    process.kill()
                    self.killed = process.pid
                    return
            except psutil.Error:
                continue

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def judge(folder):
    run, base = learned_run(folder)

    def judged(name, *options, **variables):
        return run_pytest(
            *("suites/property1", f"--run={run}", f"--base={base}", "--tasks=nano", "--kind=SFT"),
            *("--questions=4", "--samples=2", f"--report={folder / name}-report"),
            *("-m", " or ".join(f"claim(id='{claim}')" for claim in CLAIMS), *options),
            ALPHARL_BENCH_CACHE=folder / name,
            **variables,
        )

    return judged


def stored(folder, name):
    """What a session leaves: scores by key, and all that its report is made from."""
    session = json.loads((folder / f"{name}-report" / "session.json").read_text())
    files = (folder / name / "scores").rglob("*.json")
    return (
        {str(path.relative_to(folder / name)): path.read_bytes() for path in files},
        session["runs"],
        (folder / f"{name}-report" / "scores.jsonl").read_bytes(),
    )


def test_a_killed_worker_changes_no_bit_of_a_session(judge, folder):
    local = judge("local")
    with Killer(folder / "ray") as killer:
        ray = judge("ray", "--executor=ray", "--ray-address=local", **TWO_CORES)
    assert killer.killed, ray.stdout + ray.stderr
    verdicts = [
        [line for line in done.stdout.splitlines() if line.startswith("P")] for done in (local, ray)
    ]
    assert len(verdicts[0]) == len(CLAIMS), local.stdout
    assert verdicts[1] == verdicts[0]
    scores, runs, lines = stored(folder, "ray")
    assert (scores, runs, lines) == stored(folder, "local")
    # Every look is there once: claims share them.
    assert len(scores) == len(lines.splitlines()) > 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ray-address=auto"], "--ray-address auto: goes with --executor ray"),
        (
            ["--executor=ray", "--tensor-parallel=2"],
            "--tensor-parallel 2: a worker of --executor ray has one GPU",
        ),
        (["--executor=ray", "-n", "2"], "--executor ray: Ray has a worker for each GPU or core"),
        (["--executor=dask"], "invalid choice: 'dask'"),
        (["--executor=ray"], "--ray-address auto: no Ray cluster there"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_runs(judge, options, message):
    result = judge("nothing", *options)
    assert result.returncode == 4
    assert message in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
