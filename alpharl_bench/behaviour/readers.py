"""What behaviour takes of an engine, whichever holds the model: chains go on, and are read."""

from collections.abc import Collection, Sequence
from typing import Protocol

from alpharl_bench.behaviour.divergence import Diverged
from alpharl_bench.behaviour.reading import Read
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import Variant


class Reader(Protocol):
    """Variants of a run that write and read token sequences."""

    def go_on(
        self,
        writer: Variant,
        prompts: Sequence[Sequence[int]],
        rooms: Sequence[int],
        stops: Collection[int],
        temperature: float,
        seeds: Sequence[int],
    ) -> list[list[int]]:
        """Continue token sequences.

        Args:
            writer: the variant that does.
            prompts: the tokens that are given, at least one each.
            rooms: the maximum number of generated tokens of each, at least one.
            stops: tokens that end a continuation.
            temperature: the temperature of sampling; 0 is greedy.
            seeds: one per prompt, for sampling.

        Returns:
            The new tokens of each, the stop with them.
        """

    def read(
        self, reader: Variant, prompts: Sequence[Sequence[int]], chains: Sequence[Sequence[int]]
    ) -> list[Read]:
        """Read a chain behind every prompt."""

    def compare(
        self,
        writer: Variant,
        reader: Variant,
        prompts: Sequence[Sequence[int]],
        chains: Sequence[Sequence[int]],
    ) -> list[Diverged]:
        """How far ``reader`` is from the writer of chains that were drawn at temperature 1."""


def reader_of(engine: ScoringEngine) -> Reader:
    """What reads by the engine that is open."""
    # Each imported here: the other's library is not there everywhere.
    if engine.name == "vllm":
        from alpharl_bench.behaviour.vllm_reader import VLLMReader  # noqa: PLC0415

        return VLLMReader(engine)
    from alpharl_bench.behaviour.transformers_reader import TransformersReader  # noqa: PLC0415

    return TransformersReader(engine)
