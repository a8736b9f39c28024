"""Work is done in this process, when its result is asked for."""

from collections.abc import Callable, Iterator, Sequence

from alpharl_bench.executor.executor import ContextT, Executor, Result, Unit


class _Local:
    parallel = False

    def results(
        self, context: ContextT, work: Callable[[ContextT, Unit], Result], units: Sequence[Unit]
    ) -> Iterator[tuple[Unit, Result]]:
        for unit in units:
            yield unit, work(context, unit)

    def close(self) -> None:
        """Nothing is held."""


#: One unit after the other.
LOCAL: Executor = _Local()
