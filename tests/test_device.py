"""Which device does the work, and that asking for it starts no CUDA here."""

import subprocess
import sys

import pytest
import torch

from alpharl_bench.device import resolved_device
from alpharl_bench.errors import AlphaRLBenchError

ASKS_AND_FORKS = """
import os
from alpharl_bench.device import resolved_device

found = resolved_device("auto")
import torch

assert os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] == "1"
assert not torch.cuda.is_initialized()
child = os.fork()
if child == 0:
    torch.zeros(1, device=found)  # on a GPU, of a fork
    os._exit(int(torch.cuda._is_in_bad_fork()))
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0
"""


def test_a_forked_process_may_use_the_device_that_was_asked_for():
    subprocess.run([sys.executable, "-c", ASKS_AND_FORKS], check=True)


def test_the_user_s_own_way_to_ask_stays(monkeypatch):
    script = "import os, alpharl_bench; print(os.environ['PYTORCH_NVML_BASED_CUDA_CHECK'])"
    monkeypatch.setenv("PYTORCH_NVML_BASED_CUDA_CHECK", "0")
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert found.stdout.strip() == b"0"


@pytest.mark.parametrize("there", [True, False])
def test_auto_is_the_gpu_where_there_is_one(monkeypatch, there):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert resolved_device("auto") == ("cuda" if there else "cpu")
    assert resolved_device("cpu") == "cpu"


def test_a_device_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(AlphaRLBenchError, match="--device cuda: torch sees no GPU here"):
        resolved_device("cuda")
    with pytest.raises(AlphaRLBenchError, match="--device tpu: unknown"):
        resolved_device("tpu")
