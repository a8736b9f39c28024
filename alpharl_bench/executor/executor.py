"""The one interface behind which work is done here or elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar


class WorkerContext(Protocol):
    """What work is done at: it holds what all units share, as a loaded model.

    It is pickled without that: every process makes its own.
    """

    def close(self) -> None:
        """Give back what it holds."""


ContextT = TypeVar("ContextT", bound=WorkerContext)
Unit = TypeVar("Unit")
Result = TypeVar("Result")


class Executor(Protocol):
    """Does units of work.

    ``parallel`` says whether several are done at a time, and so whether it is worth to ask for
    everything at once.
    """

    parallel: bool

    def results(
        self, context: ContextT, work: Callable[[ContextT, Unit], Result], units: Sequence[Unit]
    ) -> Iterator[tuple[Unit, Result]]:
        """Every unit with its result, each once, in the order in which they are done.

        Args:
            context: the state that the units share.
            work: does one unit. It may be begun again where a process died, so it must leave
                nothing half done.
            units: independent units of work.

        Raises:
            AlphaRLBenchError: a unit cannot be done; what ``work`` raised, otherwise. The others
                are given up.
        """

    def close(self) -> None:
        """Give back the processes."""
