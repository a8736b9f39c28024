"""Chains through transformers, which gives the whole distribution at every token."""

from collections.abc import Collection, Sequence

from alpharl_bench.behaviour.chains import generate
from alpharl_bench.behaviour.divergence import Diverged, diverge
from alpharl_bench.behaviour.reading import Read, read
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.scoring.engines import Backend
from alpharl_bench.variants import Variant


class TransformersReader:
    """See :class:`~alpharl_bench.behaviour.readers.Reader`; what is compared is exact.

    Args:
        engine: the open engine.
    """

    def __init__(self, engine: ScoringEngine) -> None:
        self._engine = engine

    def go_on(
        self,
        writer: Variant,
        prompts: Sequence[Sequence[int]],
        rooms: Sequence[int],
        stops: Collection[int],
        temperature: float,
        seeds: Sequence[int],
    ) -> list[list[int]]:
        """Continue token sequences; the noise of a sample follows from its own seed."""

        def work(backend: Backend) -> list[list[int]]:
            return generate(
                backend.lm.model,
                prompts,
                rooms,
                stops,
                backend.batch_size,
                temperature=temperature,
                seeds=seeds,
            )

        return self._engine.use_variant(writer, work)

    def read(
        self, reader: Variant, prompts: Sequence[Sequence[int]], chains: Sequence[Sequence[int]]
    ) -> list[Read]:
        """Read a chain behind every prompt."""

        def work(backend: Backend) -> list[Read]:
            return read(backend.lm.model, prompts, chains, backend.batch_size)

        return self._engine.use_variant(reader, work)

    def compare(
        self,
        writer: Variant,
        reader: Variant,
        prompts: Sequence[Sequence[int]],
        chains: Sequence[Sequence[int]],
    ) -> list[Diverged]:
        """The exact divergence, with both models loaded."""

        def work(backend: Backend) -> list[Diverged]:
            with backend.beside(writer) as other:
                return diverge(other, backend.lm.model, prompts, chains, backend.batch_size)

        return self._engine.use_variant(reader, work)
