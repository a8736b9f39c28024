"""What vLLM processes import, once: a server of forks loads it, every engine starts from there.

An engine is two processes that else import torch and vLLM for ten seconds of a core each. How one
starts that is spawned, as users' are, is seen in the tests that type a command.
"""

from multiprocessing import get_context
from multiprocessing.context import BaseContext

import vllm.v1.engine.core
import vllm.v1.worker.cpu_worker  # noqa: F401  (imported for those that fork)
from vllm.v1.engine import utils
from vllm.v1.executor import multiproc_executor


def forking() -> BaseContext:
    """For the engine's own child: the engine has computed nothing when it starts it."""
    return get_context("fork")


multiproc_executor.get_mp_context = forking


def serving() -> BaseContext:
    """For the engine."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def share_imports() -> None:
    """Start this process's engines from the server."""
    utils.get_mp_context = serving
