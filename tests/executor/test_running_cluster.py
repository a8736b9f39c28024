"""A cluster that ran before the session: two hosts, as far as Ray can tell, and a token."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from alpharl_bench.cache import CACHE_VARIABLE
from tests.models import learned_run
from tests.processes import begun_pytest, run_pytest
from tests.scores import stored_session

# Not installed where only vLLM is.
pytest.importorskip("ray")

pytestmark = pytest.mark.first

TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a-token-of-this-test-and-of-no-other"}
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}


class Host:
    """``ray start --block``: what one host of a cluster runs, with one core."""

    def __init__(self, log: Path, place: str, *options: str) -> None:
        ray = shutil.which("ray", path=str(Path(sys.executable).parent))
        assert ray is not None
        self._log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [ray, "start", "--block", "--num-cpus=1", "--num-gpus=0", *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **TOKEN, **QUIET, "RAY_TMPDIR": place},
                start_new_session=True,
            )

    def address(self) -> str:
        """Of the cluster, once it runs."""
        for _ in range(600):
            text = self._log.read_text()
            if found := re.search(r"ray start --address='([^']+)'", text):
                return found[1]
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(self._log.read_text())

    def runs(self) -> bool:
        return "Ray runtime started" in self._log.read_text()

    def workers(self) -> list[psutil.Process]:
        """The processes that do a unit here."""
        found = []
        for one in psutil.Process(self._process.pid).children(recursive=True):
            # Ray's short-lived processes may end while they are looked at.
            with suppress(psutil.NoSuchProcess):
                if one.name().startswith("ray::Worker.do"):
                    found.append(one)
        return found

    def lose(self) -> None:
        """As a host is lost: everything on it at once."""
        below = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for process in below:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self.lose()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    logs = tmp_path_factory.mktemp("ray")
    # Ray's sockets need a short path. Its address stays where it is not looked for afterwards.
    with TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as place:
        yield from _hosts(logs, place)


def _hosts(logs, place):
    head = Host(logs / "head", place, "--head", "--port=0", "--include-dashboard=false")
    try:
        second = Host(logs / "second", place, f"--address={head.address()}")
        try:
            for _ in range(600):
                if second.runs():
                    break
                time.sleep(0.1)
            yield head, second
        finally:
            second.stop()
    finally:
        head.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def command(folder):
    """The options of a session, and the scores that it leaves."""
    run, base = learned_run(folder)

    def options(name):
        return (
            *("suites/property1", f"--run={run}", f"--base={base}", "--tasks=nano", "--kind=SFT"),
            *("--questions=4", "--samples=2", f"--report={folder / name}-report"),
            *("-m", "claim(id='P1.1-control') or claim(id='P1.3')"),
        )

    return options


def scores(folder, name):
    return {path.name: path.read_bytes() for path in (folder / name).glob("scores/*/*.json")}


def test_without_the_token_it_is_said_which_variable_is_missing(hosts, command, folder):
    address = hosts[0].address()
    result = run_pytest(
        *command("nothing"),
        "--executor=ray",
        f"--ray-address={address}",
        **{CACHE_VARIABLE: folder / "nothing"},
    )
    assert result.returncode == 4
    assert f"--ray-address {address}: the cluster takes nobody without" in result.stderr
    assert "RAY_AUTH_MODE=token" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


@pytest.fixture
def begin(hosts, command, folder):
    """Starts a session on the cluster."""

    def begun(name):
        return begun_pytest(
            *command(name),
            "--executor=ray",
            f"--ray-address={hosts[0].address()}",
            **{**TOKEN, **QUIET, CACHE_VARIABLE: folder / name},
        )

    return begun


@pytest.fixture(scope="module")
def local(command, folder):
    """The same session in one process."""
    return run_pytest(*command("local"), **{CACHE_VARIABLE: folder / "local"})


@pytest.mark.usefixtures("local")
def test_an_interrupted_session_keeps_what_is_scored_and_leaves_no_worker(hosts, begin, folder):
    with begin("stopped") as session:
        while not session.result.done() and len(scores(folder, "stopped")) < 2:
            time.sleep(0.02)
        assert not session.result.done(), session.result.result()
        # As Ctrl-C does, though Ray would end the process at once.
        session.process.send_signal(signal.SIGTERM)
        done = session.result.result(timeout=120)
    assert done.returncode == pytest.ExitCode.INTERRUPTED, done
    assert "KeyboardInterrupt" in done.stdout
    kept = scores(folder, "stopped")
    assert len(kept) >= 2
    assert kept.items() <= scores(folder, "local").items()
    for _ in range(600):
        if not any(host.workers() for host in hosts):
            break
        time.sleep(0.1)
    assert not any(host.workers() for host in hosts)


def test_a_session_that_loses_a_host_goes_on_with_the_other(hosts, begin, local, folder):
    head, second = hosts
    seen = set()
    with begin("ray") as session:
        while not session.result.done() and len(seen) < 2:
            seen |= {host for host in hosts if host.workers()}
            time.sleep(0.02)
        while not session.result.done() and not (second.workers() and scores(folder, "ray")):
            time.sleep(0.02)
        assert not session.result.done(), session.result.result()
        second.lose()
        done = session.result.result()
    assert done.returncode in {0, 1}, done
    assert seen == {head, second}
    assert scores(folder, "ray") == scores(folder, "local")
    verdicts = [stored_session(folder / f"{name}-report")["runs"] for name in ("local", "ray")]
    assert verdicts[0] == verdicts[1], local.stdout + done.stdout
