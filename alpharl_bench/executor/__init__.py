"""Where units of work are done: one after the other in this process, or on a Ray cluster."""

from alpharl_bench.executor.executor import Executor, WorkerContext
from alpharl_bench.executor.local import LOCAL

#: What can be chosen; the first is the default.
EXECUTORS = ("local", "ray")

__all__ = ["EXECUTORS", "LOCAL", "Executor", "WorkerContext"]
