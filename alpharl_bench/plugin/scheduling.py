"""Under ``pytest -n`` all claims of a run are judged by one worker, on a GPU of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from alpharl_bench.lazy import torch

if TYPE_CHECKING:
    from alpharl_bench.plugin.runwise import RunScheduling


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """``-n auto``: a worker for each GPU, or for as many as share a model.

    Where there is none, or a number is set, as xdist does.

    Counting them does not initialise CUDA.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    gpus = len(visible_gpus(os.environ))
    return max(1, gpus // config.getoption("tensor_parallel")) if gpus else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker which GPUs there are: one that asks CUDA could no longer choose among them."""
    node.workerinput["gpus"] = visible_gpus(os.environ)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> RunScheduling | None:
    """Take the place of xdist's default distribution, not of one that the user names."""
    if config.getoption("dist") != "load":
        return None
    # Only a session with workers loads xdist.
    from alpharl_bench.plugin.runwise import RunScheduling  # noqa: PLC0415

    return RunScheduling(config, log)


def share_machine(
    worker: int,
    workers: int,
    gpus: Sequence[str],
    environment: MutableMapping[str, str] = os.environ,
    gpus_each: int = 1,
) -> None:
    """Leave a worker its part of the cores, and its GPUs; they take turns where there are fewer.

    To be called before CUDA is used: afterwards the choice of a GPU has no effect.

    Args:
        worker: the number of this worker, from 0.
        workers: the number of workers.
        gpus: the machine's GPUs, as CUDA_VISIBLE_DEVICES names them.
        environment: where the GPUs are chosen, for processes that the worker starts too.
        gpus_each: the number of GPUs that share a worker's model.
    """
    # Workers that each take all cores slow each other down many times over.
    torch.set_num_threads(max(1, torch.get_num_threads() // workers))
    if gpus:
        groups = max(1, len(gpus) // gpus_each)
        first = worker % groups * gpus_each
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus[first : first + gpus_each])


def visible_gpus(environment: Mapping[str, str]) -> list[str]:
    """The GPUs that there are, or those of them that CUDA_VISIBLE_DEVICES names."""
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return [str(index) for index in range(torch.cuda.device_count())]
    return [gpu for gpu in (part.strip() for part in named.split(",")) if gpu]
