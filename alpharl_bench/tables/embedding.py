"""The table of token embeddings: tokens × how far they moved (§2.3, Figure 5b)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import TypeAdapter

from alpharl_bench.behaviour.embedding import EmbeddingShift, TokenShift, embedding_shift
from alpharl_bench.tables.requirements import Requirements
from alpharl_bench.tables.table import MeasuredRun, Query, Table


class EmbeddingTable(Table[EmbeddingShift | None]):
    """The shift of every measured token from the base to the trained model."""

    name = "embedding"
    units = "tokens"
    entries: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    stored = TypeAdapter(EmbeddingShift | None)
    empty = None

    def requires(self, query: Query, steps: Sequence[int]) -> Requirements:
        """The base and the last checkpoint."""
        return Requirements(opened=frozenset({None, steps[-1]}))

    def measure(self, run: MeasuredRun, queries: Sequence[Query]) -> EmbeddingShift:
        """Compare the embeddings of base and trained model."""

        def compared() -> EmbeddingShift:
            trained = run.updates.factors(None).trained
            return embedding_shift(run.updates.base, trained, run.text)

        return run.kept("embedding", TypeAdapter(EmbeddingShift), compared)

    def rows(self, measured: EmbeddingShift | None) -> Sequence[TokenShift]:
        """The measured tokens."""
        return measured.tokens if measured else ()


TABLE = EMBEDDING = EmbeddingTable()
