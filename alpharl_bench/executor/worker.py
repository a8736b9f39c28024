"""A process of the cluster: what it needs to stand in for this one, and how it does a unit."""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from alpharl_bench import __version__
from alpharl_bench.cache import CACHE_VARIABLE, write_whole
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.source_code import code_digest

#: The extras whose packages scores and runs depend on.
_WORKING = ("games", "score", "train")


def installed() -> dict[str, str]:
    """The versions of this package and of all that it requires, with the extras that do its work.

    The code of this package counts beside its version: results are stored under keys of this
    process's code. Packages of extras that are not installed are left out.
    """
    code = code_digest(__name__.partition(".")[0])
    found = {"alpharl-bench": __version__, "alpharl-bench with code": code}
    for required in map(Requirement, requires("alpharl-bench") or ()):
        if required.marker is None or any(
            required.marker.evaluate({"extra": extra}) for extra in ("", *_WORKING)
        ):
            with suppress(PackageNotFoundError):
                found[required.name] = version(required.name)
    return found


@dataclass(frozen=True)
class Greeting:
    """What a worker is told of the process that it works for.

    ``folder`` is one of the cache that they must share, ``text`` what stands in its file
    ``driver``; ``here`` is where relative paths begin.
    """

    folder: Path
    text: str
    versions: Mapping[str, str]
    here: Path


class Worker:
    """Does units at one context at a time; an actor of Ray."""

    def __init__(self) -> None:
        self._context: Any = None
        self._name = ""

    def greet(self, greeting: Greeting) -> tuple[str, str]:
        """Answer with a file in the shared folder.

        Returns:
            The name of the answer's file, and the cluster's id of this host.

        Raises:
            AlphaRLBenchError: this host has another cache, or other versions.
        """
        host, number = socket.gethostname(), os.getpid()
        found = installed()
        for name, wanted in greeting.versions.items():
            if found.get(name) != wanted:
                raise AlphaRLBenchError(
                    f"--executor ray: host {host} has {name} {found.get(name)}, this one {wanted}; "
                    "install the same versions on all hosts"
                )
        try:
            seen = (greeting.folder / "driver").read_text(encoding="utf-8")
            write_whole(greeting.folder / f"{host}-{number}", greeting.text)
        except OSError as error:
            seen = str(error)
        if seen != greeting.text:
            raise AlphaRLBenchError(
                f"--executor ray: host {host} does not share this one's cache ({seen}); all hosts "
                f"need the same folder at the same place: name it in {CACHE_VARIABLE}"
            )
        with suppress(OSError):  # Only relative paths need it.
            os.chdir(greeting.here)
        # Only an actor is greeted, and it runs in Ray.
        import ray  # noqa: PLC0415

        return f"{host}-{number}", ray.get_runtime_context().get_node_id()

    def do(self, name: str, context: Any, work: Callable[[Any, Any], Any], unit: Any) -> Any:
        """Do a unit at the context of this name; what another one held is given back."""
        if self._name != name:
            if self._context is not None:
                self._context.close()
            self._context, self._name = context, name
        return work(self._context, unit)
