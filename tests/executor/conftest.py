"""Clusters that tests start have two cores, as those of `ray start --head --num-cpus 2`."""

from pathlib import Path
from tempfile import gettempdir

import pytest
from filelock import FileLock

from tests.processes import ROOT

TWO_CORES = {"RAY_OVERRIDE_RESOURCES": '{"CPU": 2, "GPU": 0}'}


@pytest.fixture(scope="module", autouse=True)
def alone():
    """One file at a time: Ray finds the cluster of another by the processes of the machine."""
    with FileLock(Path(gettempdir()) / "alpharl-bench-tests-of-ray.lock"):
        yield


@pytest.fixture(scope="module")
def executor():
    """Of a cluster of its own, whose processes can import the tests."""
    # Importing Ray takes a second.
    from alpharl_bench.executor.cluster import RayExecutor  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**TWO_CORES, "PYTHONPATH": str(ROOT)}.items():
            patch.setenv(name, value)
        executor = RayExecutor("local")
        yield executor
        executor.close()
