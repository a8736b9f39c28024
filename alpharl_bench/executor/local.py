"""Work is done in this process, when its result is asked for."""

from collections.abc import Callable, Iterator, Sequence

from alpharl_bench.executor.executor import DeskT, Executor, Result, Unit


class _Local:
    parallel = False

    def results(
        self, desk: DeskT, work: Callable[[DeskT, Unit], Result], units: Sequence[Unit]
    ) -> Iterator[tuple[Unit, Result]]:
        for unit in units:
            yield unit, work(desk, unit)

    def close(self) -> None:
        """Nothing is held."""


#: One unit after the other.
LOCAL: Executor = _Local()
