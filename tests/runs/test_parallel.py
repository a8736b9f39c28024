"""Runs trained side by side: the same weights as alone, whatever happens to a process."""

import io
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from alpharl_bench.registry import Registry
from alpharl_bench.runs.digests import run_digest
from alpharl_bench.runs.parallel import train_all
from alpharl_bench.runs.status import run_folder, training_status
from alpharl_bench.runs.trained import TrainedRun

ROOT = Path(__file__).parents[2]
#: Long enough to be interrupted three times, each behind another checkpoint.
LONG, CHECKPOINTS = {"max_steps": 16, "max_completion_length": 16}, 8
pytestmark = pytest.mark.first


@pytest.fixture(scope="module")
def runs(tiny_registry):
    """Two runs, one of them longer, and one whose recipe is wrong."""
    grpo, dapo = (tiny_registry.algorithms[name] for name in ("grpo", "dapo"))
    slow = {"quick": {**dapo.regimes["quick"], **LONG}}
    wrong = {"config": {**grpo.config, "learning_rat": 1}}
    entry = tiny_registry.run("tiny-grpo")
    return Registry(
        tiny_registry.models,
        {
            "grpo": grpo,
            "dapo": dapo.model_copy(update={"regimes": slow, "checkpoints": CHECKPOINTS}),
            "wrong": grpo.model_copy(update={"name": "wrong", **wrong}),
        },
        {
            "tiny-grpo": entry,
            "tiny-dapo": tiny_registry.run("tiny-dapo"),
            "tiny-wrong": entry.model_copy(update={"name": "tiny-wrong", "algorithm": "wrong"}),
        },
    )


def weights(registry, name):
    entry = registry.run(name)
    folder = run_folder(entry, run_digest(entry, registry))
    return {p.parent.name: p.read_bytes() for p in folder.glob("checkpoint-*/model.safetensors")}


@dataclass(frozen=True)
class Alone:
    """Two runs trained one after the other by this process: every checkpoint's file, by run."""

    cache: Path
    weights: dict[str, dict[str, bytes]]


@pytest.fixture(scope="module")
def alone(runs, tmp_path_factory):
    cache = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALPHARL_BENCH_CACHE", str(cache))
        found = {}
        for name in ("tiny-grpo", "tiny-dapo"):
            TrainedRun(runs.run(name), runs).open()
            found[name] = weights(runs, name)
    assert {name: len(checkpoints) for name, checkpoints in found.items()} == {
        "tiny-grpo": 3,
        "tiny-dapo": CHECKPOINTS,
    }
    return Alone(cache, found)


@dataclass(frozen=True)
class Together:
    """Runs trained side by side: what went wrong by run, what was said, the cache and registry."""

    faults: dict[str, str]
    said: list[str]
    cache: Path
    registry: Registry


@pytest.fixture(scope="module")
def together(runs, alone, tiny_registry, tmp_path_factory):
    """All runs at once, with two that others teach, and one whose base cannot be built."""
    run, opd, student = (
        runs.run("tiny-grpo"),
        tiny_registry.algorithms["opd"],
        tiny_registry.run("tiny-opd"),
    )
    taught = {"of-grpo": "tiny-grpo", "of-wrong": "tiny-wrong"}
    config = {**runs.model("tiny").config, "num_key_value_heads": 3}  # of 2 heads
    odd = runs.model("tiny").model_copy(update={"name": "odd", "config": config})
    registry = Registry(
        {**runs.models, "odd": odd},
        {
            **runs.algorithms,
            **{
                name: opd.model_copy(update={"name": name, "options": {"teacher": teacher}})
                for name, teacher in taught.items()
            },
        },
        {
            **runs.runs,
            **{
                f"tiny-{name}": student.model_copy(
                    update={"name": f"tiny-{name}", "algorithm": name}
                )
                for name in taught
            },
            "odd-grpo": run.model_copy(update={"name": "odd-grpo", "model": "odd"}),
        },
    )
    # Without the teachers, which come by themselves.
    asked = [run for name, run in registry.runs.items() if name not in taught.values()]
    cache, said = tmp_path_factory.mktemp("together"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(said):
        patch.setenv("ALPHARL_BENCH_CACHE", str(cache))
        faults = train_all(asked, registry, workers=2)
    return Together(faults, said.getvalue().splitlines(), cache, registry)


@pytest.fixture
def there(together, monkeypatch):
    """The cache of the runs that were trained side by side."""
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(together.cache))


@pytest.mark.usefixtures("there")
def test_runs_side_by_side_are_those_trained_alone_and_a_wrong_one_stops_no_other(
    runs, alone, together, capfd
):
    assert sorted(together.faults) == ["odd-grpo", "tiny-of-wrong", "tiny-wrong"]
    assert "algorithms/wrong.toml" in together.faults["tiny-wrong"]
    assert "learning_rat" in together.faults["tiny-wrong"]
    assert {name: weights(runs, name) for name in alone.weights} == alone.weights
    assert together.said[0].startswith("base 'tiny' does not ship")
    begun = [line.split(":")[0] for line in together.said if "begins" in line]
    assert begun[0] == "tiny-dapo"  # the longest
    assert sorted(begun) == ["tiny-dapo", "tiny-grpo", "tiny-of-grpo", "tiny-wrong"]
    assert any(
        line.startswith("tiny-grpo: trained, 6 steps, accuracy 0.") for line in together.said
    )
    assert train_all([runs.run("tiny-grpo")], runs) == {}
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("there")
def test_a_teacher_is_trained_before_the_run_that_it_teaches(together):
    faults = together.faults
    assert faults["tiny-of-wrong"] == f"its teacher 'tiny-wrong': {faults['tiny-wrong']}"
    assert len(weights(together.registry, "tiny-of-grpo")) == 3
    said = [line.split(", ")[0] for line in together.said]
    assert said.index("tiny-grpo: trained") < next(
        place for place, line in enumerate(said) if line.startswith("tiny-of-grpo: begins")
    )


def test_a_base_that_cannot_be_built_fails_the_runs_that_need_it_alone(together):
    log = together.cache / "logs" / "odd.log"
    assert together.faults["odd-grpo"].endswith(f"; more in {log}")
    assert "Traceback" in log.read_text()


SCRIPT = """
import pickle, signal, sys
from pathlib import Path
from alpharl_bench.runs.parallel import train_all
if __name__ == "__main__":
    # A shell starts what runs in its background deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    registry = pickle.loads(Path(sys.argv[1]).read_bytes())
    faults = train_all([registry.run("tiny-dapo")], registry)
    print(*faults.values())
    sys.exit(len(faults))
"""


def begun(folder):
    """A command that trains one run, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "train.py", "registry"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_an_interrupted_run_goes_on_to_the_same_weights(runs, alone, tmp_path, monkeypatch):
    """It is interrupted three times, each time in another way and further on."""
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    shutil.copytree(alone.cache / "bases", tmp_path / "bases")
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "registry").write_bytes(pickle.dumps(runs))
    entry = runs.run("tiny-dapo")
    for how in ("worker killed", "command killed", "interrupt"):
        before = training_status(entry, runs).step
        command = begun(tmp_path)
        deadline = time.monotonic() + 240
        while training_status(entry, runs).step == before:
            assert command.poll() is None, command.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        children = psutil.Process(command.pid).children(recursive=True)
        (worker,) = [c for c in children if "spawn_main" in " ".join(c.cmdline())]
        if how == "worker killed":
            worker.send_signal(signal.SIGKILL)
        elif how == "command killed":
            command.send_signal(signal.SIGKILL)
        else:
            os.killpg(command.pid, signal.SIGINT)
        out, err = command.communicate(timeout=60)
        # Nobody trains on.
        psutil.wait_procs([worker], timeout=60)
        assert not worker.is_running()
        now = training_status(entry, runs)
        assert now.state == "interrupted"
        assert before < now.step < LONG["max_steps"]
        if how == "worker killed":
            assert command.returncode == 1
            assert "its process died (exit code -9)" in out
        elif how == "interrupt":
            assert err.count("Traceback") == 1  # of the command, none of the worker
            assert "KeyboardInterrupt" in err
    TrainedRun(entry, runs).open()
    assert weights(runs, "tiny-dapo") == alone.weights["tiny-dapo"]
