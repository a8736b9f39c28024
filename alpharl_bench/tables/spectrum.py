"""The table of spectra: modules × figures of the final update (Figure 5a)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import TypeAdapter

from alpharl_bench.spectral import ModuleSpectrum
from alpharl_bench.tables.requirements import Requirements
from alpharl_bench.tables.table import MeasuredRun, Query, Table
from alpharl_bench.variants import percent

#: The measurement that takes all singular values, and not the leading 1 % alone.
WHOLE = "all singular values"


class SpectrumTable(Table[tuple[ModuleSpectrum, ...]]):
    """Norms and ranks of every module's update, each beside a Gaussian matrix of its shape."""

    name = "spectrum"
    units = "modules"
    entries: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("module",)}
    stored = TypeAdapter(tuple[ModuleSpectrum, ...])
    empty = ()

    def requires(self, query: Query, steps: Sequence[int]) -> Requirements:
        """The base, the last checkpoint and the triplets of its Rank-1 %."""
        return Requirements(
            opened=frozenset({None, steps[-1]}),
            decomposed=frozenset({percent(1)}),
            whole=WHOLE in query.measurements,
        )

    def measure(self, run: MeasuredRun, queries: Sequence[Query]) -> tuple[ModuleSpectrum, ...]:
        """Decompose the final update where the cache lacks it."""
        whole = any(WHOLE in query.measurements for query in queries)
        return tuple(run.updates.spectrum(whole=whole))

    def rows(self, measured: tuple[ModuleSpectrum, ...]) -> Sequence[ModuleSpectrum]:
        """The modules."""
        return measured


TABLE = SPECTRUM = SpectrumTable()
