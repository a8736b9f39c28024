"""What every worker of `pytest -n` gets of the machine."""

import os
import subprocess
import sys

import pytest
import torch

from alpharl_bench.plugin.scheduling import share_machine
from tests.processes import ROOT


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("visible", "chosen"),
    [
        ("3,5", ["3", "5", "3"]),
        ("GPU-ab, GPU-cd", ["GPU-ab", "GPU-cd", "GPU-ab"]),
        ("7", ["7"] * 3),
    ],
)
def test_workers_get_one_of_the_visible_gpus_each_in_turn(visible, chosen):
    for worker, gpu in enumerate(chosen):
        environment = {"CUDA_VISIBLE_DEVICES": visible}
        share_machine(worker, 3, environment)
        assert environment == {"CUDA_VISIBLE_DEVICES": gpu}


def test_workers_whose_model_is_shared_get_several_gpus_each():
    chosen = []
    for worker in range(3):
        environment = {"CUDA_VISIBLE_DEVICES": "0,1,2,3"}
        share_machine(worker, 3, environment, gpus_each=2)
        chosen.append(environment["CUDA_VISIBLE_DEVICES"])
    assert chosen == ["0,1", "2,3", "0,1"]
    environment = {"CUDA_VISIBLE_DEVICES": "5"}
    share_machine(1, 2, environment, gpus_each=2)
    assert environment == {"CUDA_VISIBLE_DEVICES": "5"}


def test_gpus_that_are_hidden_stay_hidden():
    environment = {"CUDA_VISIBLE_DEVICES": ""}
    share_machine(1, 2, environment)
    assert environment == {"CUDA_VISIBLE_DEVICES": ""}


def test_all_gpus_are_shared_out_where_none_are_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    environment = {}
    share_machine(2, 4, environment)
    assert environment == {"CUDA_VISIBLE_DEVICES": "2"}


def test_a_machine_without_a_gpu_is_left_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    environment = {}
    share_machine(0, 2, environment)
    assert environment == {}


def test_the_cores_are_shared():
    torch.set_num_threads(4)
    share_machine(0, 2, {"CUDA_VISIBLE_DEVICES": ""})
    assert torch.get_num_threads() == 2


def test_in_a_real_session_every_worker_sees_another_gpu(tmp_path):
    (tmp_path / "test_gpu.py").write_text(
        "import os, pytest\n"
        "@pytest.mark.parametrize('n', range(2))\n"
        "def test_gpu(n, worker_id):\n"
        "    print('WORKER', worker_id, os.environ['CUDA_VISIBLE_DEVICES'])\n"
    )
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", tmp_path, "-n", "2", "--dist", "each", "-rP"),
            *("-p", "alpharl_bench.plugin", "-p", "no:cacheprovider"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "3,5", "PYTHONPATH": str(ROOT)},
    )
    seen = {tuple(line.split()[1:]) for line in result.stdout.splitlines() if "WORKER" in line}
    assert seen == {("gw0", "3"), ("gw1", "5")}, result.stdout + result.stderr
