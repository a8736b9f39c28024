"""What every worker of `pytest -n` gets of the machine."""

import os
import subprocess
import sys

import pytest
import torch

from alpharl_bench.plugin.scheduling import (
    pytest_xdist_auto_num_workers,
    share_machine,
    visible_gpus,
)
from tests.processes import ROOT


class Sharing:
    """The options of a session whose models are each shared by so many GPUs."""

    def __init__(self, gpus):
        self._gpus = gpus

    def getoption(self, name):
        return {"tensor_parallel": self._gpus}[name]


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def gpus(monkeypatch):
    """Sets what there is: the number of GPUs, and which of them are named."""

    def there_are(count, named=None):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
        if named is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)

    return there_are


@pytest.mark.parametrize(
    ("count", "named", "found"),
    [
        (0, None, []),
        (4, None, ["0", "1", "2", "3"]),
        (8, "3,5", ["3", "5"]),
        (8, "GPU-ab, GPU-cd", ["GPU-ab", "GPU-cd"]),
        (8, "", []),
    ],
)
def test_auto_is_a_worker_for_each_visible_gpu(gpus, count, named, found):
    gpus(count, named)
    assert visible_gpus(os.environ) == found
    # None leaves it to xdist.
    assert pytest_xdist_auto_num_workers(Sharing(1)) == (len(found) or None)


@pytest.mark.parametrize(("shared", "workers"), [(2, 2), (3, 1), (4, 1), (8, 1)])
def test_auto_is_a_worker_for_as_many_gpus_as_share_a_model(gpus, shared, workers):
    gpus(4)
    assert pytest_xdist_auto_num_workers(Sharing(shared)) == workers


def test_a_number_of_the_users_own_is_kept(gpus, monkeypatch):
    gpus(4)
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "3")
    assert pytest_xdist_auto_num_workers(Sharing(1)) is None


def test_workers_get_a_gpu_each_and_take_turns_where_there_are_fewer():
    for worker, gpu in enumerate(["3", "5", "3"]):
        environment = {"CUDA_VISIBLE_DEVICES": "3,5"}
        share_machine(worker, 3, ["3", "5"], environment)
        assert environment == {"CUDA_VISIBLE_DEVICES": gpu}


def test_workers_whose_model_is_shared_get_several_gpus_each():
    chosen = []
    for worker in range(3):
        environment = {}
        share_machine(worker, 3, ["0", "1", "2", "3"], environment, gpus_each=2)
        chosen.append(environment["CUDA_VISIBLE_DEVICES"])
    assert chosen == ["0,1", "2,3", "0,1"]
    share_machine(1, 2, ["5"], environment, gpus_each=2)
    assert environment == {"CUDA_VISIBLE_DEVICES": "5"}


@pytest.mark.parametrize("environment", [{"CUDA_VISIBLE_DEVICES": ""}, {}])
def test_a_machine_without_a_visible_gpu_is_left_alone(environment):
    before = dict(environment)
    share_machine(1, 2, [], environment)
    assert environment == before


def test_the_cores_are_shared():
    torch.set_num_threads(4)
    share_machine(0, 2, [], {})
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("workers", ["2", "auto"])
def test_in_a_real_session_every_worker_sees_another_gpu(workers, tmp_path):
    (tmp_path / "test_gpu.py").write_text(
        "import os, pytest\n"
        "@pytest.mark.parametrize('n', range(2))\n"
        "def test_gpu(n, worker_id):\n"
        "    print('WORKER', worker_id, os.environ['CUDA_VISIBLE_DEVICES'])\n"
    )
    without = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", tmp_path, "-n", workers, "--dist", "each", "-rP"),
            *("-p", "alpharl_bench.plugin", "-p", "no:cacheprovider"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**without, "CUDA_VISIBLE_DEVICES": "3,5", "PYTHONPATH": str(ROOT)},
    )
    seen = {tuple(line.split()[1:]) for line in result.stdout.splitlines() if "WORKER" in line}
    assert seen == {("gw0", "3"), ("gw1", "5")}, result.stdout + result.stderr
