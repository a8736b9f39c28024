"""Work is done by actors of a Ray cluster, one on each GPU, or on each core where there is none.

Each says what it takes, so that Ray finds room for it beside the work of others: its GPUs, which
are of one host, and a core; workers are spread over the hosts.
"""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from alpharl_bench.cache import CACHE_VARIABLE, cache_root, scratch_folder, write_whole
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.executor.executor import ContextT, Result, Unit
from alpharl_bench.executor.worker import Greeting, Worker, installed
from alpharl_bench.extras import requiring
from alpharl_bench.interrupts import handlers_kept
from alpharl_bench.progress import note

with requiring("ray"):
    import ray
    from ray.exceptions import RayActorError, RayError, RayTaskError

#: What Ray calls the cluster that runs on this machine.
RUNNING = "auto"
#: A cluster that lives as long as this process does.
_OWN = "local"
#: Of such a cluster: its workers are no background work, and it tells nobody of its use.
_OF_OUR_OWN = {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
#: Of one that runs, or did: Ray would try for ten minutes to reach one that is gone.
_OF_ANOTHER = {"RAY_gcs_server_port_wait_time_s": "1", "RAY_py_gcs_connect_timeout_s": "5"}
#: How Ray's errors say that a token is missing; they have no class of their own here.
_UNAUTHENTICATED = "InvalidAuthToken"
#: A unit, or the start of a worker, that kills so many processes is not tried again.
_MAX_DEATHS = 3
#: Seconds to wait for a first worker, and before it is said that the cluster has no room.
_PATIENCE = 120.0


class RayExecutor:
    """As many workers as the cluster has room for, each of which does one unit at a time.

    Results come back to this process, which alone writes them down: a worker that dies leaves
    nothing, and its unit is given to the next one that is free. A dead worker is replaced. A unit
    that fails is tried once more on another host, where there is one: a host may have a full disk,
    or a GPU that has gone. Hosts that join are used from then on.

    Args:
        address: the address of the cluster, as for ``ray.init``; ``auto`` is the one that runs
            on this machine, ``local`` a new one.
        gpus: how many GPUs of a host a worker has, where the cluster has any.

    Raises:
        AlphaRLBenchError: there is no such cluster, it has no room, or its hosts do not share
            this one's cache and versions.
    """

    parallel = True

    def __init__(self, address: str = RUNNING, gpus: int = 1) -> None:
        self._gpus = gpus
        # Whether some worker that was asked for found no room.
        self._waited = False
        # The host of each worker that has started.
        self._hosts: dict[Any, str] = {}
        self._held = ExitStack()
        self._free: list[Any] = []
        self._starting: dict[Any, Any] = {}
        self._failed_starts = 0
        self._contexts: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        _connect(address)
        self._held.callback(ray.shutdown)
        try:
            self._greeting = Greeting(
                self._held.enter_context(scratch_folder("ray")),
                uuid4().hex,
                installed(),
                Path.cwd(),
            )
            write_whole(self._greeting.folder / "driver", self._greeting.text)
            self._start_all()
        except BaseException:
            self.close()
            raise

    def results(
        self, context: ContextT, work: Callable[[ContextT, Unit], Result], units: Sequence[Unit]
    ) -> Iterator[tuple[Unit, Result]]:
        """See :class:`~alpharl_bench.executor.Executor`."""
        waiting = deque(range(len(units)))
        doing: dict[Any, tuple[Any, int]] = {}
        deaths: Counter[int] = Counter()
        failed: dict[int, str] = {}
        try:
            while waiting or doing:
                while (found := self._matched(waiting, failed)) is not None:
                    worker, number = found
                    self._free.remove(worker)
                    waiting.remove(number)
                    reference = self._reference(context)
                    done = worker.do.remote(reference.hex(), reference, work, units[number])
                    doing[done] = worker, number
                for done in self._next(list(doing)):
                    worker, number = doing.pop(done)
                    try:
                        result = _got(done)
                    except RayActorError as error:
                        deaths[number] += 1
                        if deaths[number] == _MAX_DEATHS:
                            raise _died(units[number], error) from error
                        waiting.appendleft(number)
                        self._replace(worker)
                    except RayTaskError as error:
                        self._free.append(worker)
                        # A second failure is the unit's own, as is that of a cluster of one host.
                        if number in failed or self._on_one_host:
                            raise
                        failed[number] = self._hosts[worker]
                        note(f"ray: {units[number]} failed: {_first_line(error)}; tried elsewhere")
                        waiting.append(number)
                    except BaseException:
                        self._free.append(worker)
                        raise
                    else:
                        self._free.append(worker)
                        yield units[number], result
        finally:
            # Left in the middle: nobody waits for what is being done.
            for worker, _ in doing.values():
                ray.kill(worker)
                self._replace(worker)

    def _matched(self, waiting: Sequence[int], failed: dict[int, str]) -> tuple[Any, int] | None:
        """A free worker and a unit for it, which did not fail on its host; None where none is."""
        for number in waiting:
            for worker in reversed(self._free):
                if self._on_one_host or self._hosts[worker] != failed.get(number):
                    return worker, number
        return None

    @property
    def _on_one_host(self) -> bool:
        """Whether all workers are; others may be gone, and where one starts is not known yet."""
        return len(set(self._hosts.values())) == 1 and (self._waited or not self._starting)

    def close(self) -> None:
        """End the workers, and the cluster if it is this process's own."""
        self._held.close()

    def _reference(self, context: Any) -> Any:
        """A context travels once to each host."""
        if context not in self._contexts:
            self._contexts[context] = ray.put(context)
        return self._contexts[context]

    def _next(self, doing: list[Any]) -> list[Any]:
        """Wait until something is done; workers that have started are free from then on."""
        self._grow()
        patience = None if doing else _PATIENCE
        done, _ = ray.wait([*doing, *self._starting], timeout=patience)
        if not done:
            self._waited = True
            note("ray: waiting for the cluster to have room for a worker")
        for reference in [one for one in done if one in self._starting]:
            self._started(reference)
        return [one for one in done if one in doing]

    def _start_all(self) -> None:
        self._resource = "GPU" if ray.cluster_resources().get("GPU", 0) >= 1 else "CPU"
        self._grow()
        if not self._starting and self._resource == "GPU":
            raise AlphaRLBenchError(
                f"--tensor-parallel {self._gpus}: no host of the cluster has {self._gpus} GPUs; "
                "ask for fewer"
            )
        number = len(self._starting)
        done, _ = ray.wait(list(self._starting), timeout=_PATIENCE) if number else ([], [])
        if not done:
            raise AlphaRLBenchError(
                f"--executor ray: none of the cluster's {number} {self._resource}s was free for "
                f"{_PATIENCE:.0f} s (`ray status` shows what holds them); start it with some, or "
                "wait for the other work"
            )
        for reference in done:
            self._started(reference)

    def _grow(self) -> None:
        """Start as many workers as the hosts that are there now have room for."""
        each = self._gpus if self._resource == "GPU" else 1
        hosts = [host["Resources"].get(self._resource, 0) for host in ray.nodes() if host["Alive"]]
        room = sum(int(there // each) for there in hosts)
        for _ in range(room - len(self._hosts) - len(self._starting)):
            self._start()

    def _start(self) -> None:
        options: dict[str, Any] = {"num_cpus": 1, "scheduling_strategy": "SPREAD"}
        if self._resource == "GPU":
            options["num_gpus"] = self._gpus
        variables = {CACHE_VARIABLE: str(cache_root().resolve())}
        actor = ray.remote(Worker).options(runtime_env={"env_vars": variables}, **options)
        worker = actor.remote()
        self._starting[worker.greet.remote(self._greeting)] = worker

    def _replace(self, worker: Any) -> None:
        """Start another worker in the place of one that is gone."""
        self._hosts.pop(worker, None)
        self._start()

    def _started(self, reference: Any) -> None:
        worker = self._starting.pop(reference)
        try:
            answer, host = _got(reference)
        except RayActorError as error:
            self._failed_starts += 1
            if self._failed_starts == _MAX_DEATHS:
                raise AlphaRLBenchError(
                    f"--executor ray: workers do not start ({_first_line(error)}); alpharl-bench "
                    "must be installed on all hosts, for the same Python"
                ) from error
            self._start()
            return
        path = self._greeting.folder / answer
        if not path.is_file() or path.read_text(encoding="utf-8") != self._greeting.text:
            raise AlphaRLBenchError(
                f"--executor ray: {path}, written by a worker, is not seen here; all hosts need "
                f"the same folder: name it in {CACHE_VARIABLE}"
            )
        self._failed_starts = 0
        self._hosts[worker] = host
        self._free.append(worker)


def _connect(address: str) -> None:
    alone: dict[str, Any] = {}
    if address == _OWN:
        alone = {"include_dashboard": False}
    os.environ.update((_OF_OUR_OWN if address == _OWN else _OF_ANOTHER) | os.environ)
    try:
        # Ray's handler of SIGTERM would end a session without its report.
        with handlers_kept():
            ray.init(address, log_to_driver=False, logging_level="ERROR", **alone)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        if any(_UNAUTHENTICATED in str(cause) for cause in (error, error.__cause__)):
            raise AlphaRLBenchError(
                f"--ray-address {address}: the cluster takes nobody without its token; set "
                "RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN where ~/.ray/auth_token has another "
                "(`ray get-auth-token` prints it on the host that started the cluster)"
            ) from error
        raise AlphaRLBenchError(
            f"--ray-address {address}: no Ray cluster there ({_first_line(error)}); `ray start "
            f"--head` starts one on this machine, and --ray-address {_OWN} one for this session"
        ) from error


def _got(reference: Any) -> Any:
    """The result of a call; a user's mistake comes as it was raised."""
    try:
        return ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, AlphaRLBenchError):
            raise AlphaRLBenchError(str(error.cause)) from None
        raise


def _died(unit: Any, error: RayActorError) -> AlphaRLBenchError:
    return AlphaRLBenchError(
        f"--executor ray: {_MAX_DEATHS} workers died while they did {unit} "
        f"({_first_line(error)}); if it was memory, start the cluster with fewer CPUs or ask for a "
        "smaller --batch-size"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
