"""Under ``pytest -n`` all claims of a run are judged by one worker, on a GPU of its own."""

import os
from collections.abc import MutableMapping

import pytest
import torch
from xdist.scheduler import LoadScopeScheduling


class RunScheduling(LoadScopeScheduling):
    """Hand out tests run by run: two workers would wait for each other's training of one run."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.rsplit("[", 1)[-1]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> RunScheduling | None:
    """Take the place of xdist's default distribution, not of one that the user names."""
    return RunScheduling(config, log) if config.getoption("dist") == "load" else None


def share_machine(
    worker: int,
    workers: int,
    environment: MutableMapping[str, str] = os.environ,
    gpus_each: int = 1,
) -> None:
    """Leave a worker its part of the cores, and its GPUs; they take turns where there are fewer.

    To be called before CUDA is used: afterwards the choice of a GPU has no effect.

    Args:
        worker: the number of this worker, from 0.
        workers: how many there are.
        environment: where the GPUs are chosen, for processes that the worker starts too.
        gpus_each: how many share a worker's model.
    """
    # Workers that each take all cores slow each other down many times over.
    torch.set_num_threads(max(1, torch.get_num_threads() // workers))
    if gpus := _visible_gpus(environment):
        groups = max(1, len(gpus) // gpus_each)
        first = worker % groups * gpus_each
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus[first : first + gpus_each])


def _visible_gpus(environment: MutableMapping[str, str]) -> list[str]:
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return [str(index) for index in range(torch.cuda.device_count())]
    return [gpu for gpu in (part.strip() for part in named.split(",")) if gpu]
