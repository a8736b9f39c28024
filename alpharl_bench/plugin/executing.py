"""The executor of a session, opened when its tests are known."""

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.executor import LOCAL, Executor

_EXECUTOR = pytest.StashKey[Executor]()


def refuse_contradictions(config: pytest.Config) -> None:
    """Refuse options of a cluster or the Hub without one, or two ways to do work side by side.

    Raises:
        AlphaRLBenchError: the options contradict each other.
    """
    named, address = config.getoption("executor"), config.getoption("ray_address")
    several = hasattr(config, "workerinput") or config.getoption("numprocesses", None)
    if config.getoption("one_checkpoint"):
        if not config.getoption("run") and config.getoption("lane") != "paper":
            raise AlphaRLBenchError("--one-checkpoint: requires --lane paper or --run ORG/NAME")
        if several or named == "ray":
            raise AlphaRLBenchError(
                "--one-checkpoint: cannot be combined with -n or --executor ray, whose processes "
                "would remove each other's checkpoints"
            )
    if named != "ray":
        if address is not None:
            raise AlphaRLBenchError(f"--ray-address {address}: requires --executor ray")
        return
    if several:
        raise AlphaRLBenchError(
            "--executor ray: cannot be combined with -n, because Ray already has a worker for each "
            "GPU or core; leave -n out"
        )


def chosen_executor(config: pytest.Config) -> Executor:
    """What does the session's work; a cluster is connected to once, and left at its end.

    Raises:
        AlphaRLBenchError: there is no such cluster, or it cannot do the work.
    """
    if config.getoption("executor") != "ray":
        return LOCAL
    if _EXECUTOR not in config.stash:
        # Only who asks for it needs Ray.
        from alpharl_bench.executor.cluster import RUNNING, RayExecutor  # noqa: PLC0415

        address = config.getoption("ray_address") or RUNNING
        executor = RayExecutor(address, config.getoption("tensor_parallel"))
        config.add_cleanup(executor.close)
        config.stash[_EXECUTOR] = executor
    return config.stash[_EXECUTOR]
