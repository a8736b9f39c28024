"""The table of policies: questions × variants, what of the policy's change a variant makes."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from alpharl_bench.behaviour import Chains, Divergence
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring.bootstrap import resampling_weights, unit_weights
from alpharl_bench.scoring.catalogue import GAMES
from alpharl_bench.tables.required import materialised
from alpharl_bench.tables.requirements import Requirements, union
from alpharl_bench.tables.table import QUESTIONS, Means, MeasuredRun, Query, Table
from alpharl_bench.variants import BASE, FULL, Variant

#: What is read: the trained model's own responses, one to every question.
WRITTEN = Chains(FULL, "untempered")


@dataclass(frozen=True)
class PolicyRow:
    """One question: its task and id, and by the variant's label KL(full ‖ variant), in nats."""

    task: str
    question: str
    columns: Mapping[str, float]


#: What a claim asks for: from the steps of a run's checkpoints to the variants that read.
Readers = Callable[[Sequence[int]], Sequence[Variant]]


class _Recovered(dict[Variant, np.ndarray]):
    def __missing__(self, variant: Variant) -> np.ndarray:
        raise AlphaRLBenchError(f"no stored reading by '{variant.label}'")


class PolicyTable(Table[tuple[PolicyRow, ...]]):
    """Policy recovery: 1 − KL(full ‖ variant) / KL(full ‖ base) on the trained model's responses.

    The responses are written once, and every variant reads them: nothing is generated for it, and
    nothing is graded, so whether the run learned is not asked either. The divergence is of whole
    responses, the sum over their tokens, at temperature 1: exact with transformers, estimated from
    the drawn tokens with vLLM. 1 is the trained model, 0 the base; below 0 is what is
    further from the trained model than the base is.
    """

    name = "policy"
    units = QUESTIONS
    entries: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("task", "question")}
    stored = TypeAdapter(tuple[PolicyRow, ...])
    empty = ()

    def requires(self, query: Query, steps: Sequence[int]) -> Requirements:
        """The responses, and the weights of all that read them."""
        readers = _readers([query], steps)
        chains = Requirements(
            generated=frozenset({WRITTEN}),
            read=frozenset(Divergence(variant, WRITTEN) for variant in readers),
        )
        return union([chains, materialised([FULL, *readers], steps)])

    def measure(self, run: MeasuredRun, queries: Sequence[Query]) -> tuple[PolicyRow, ...]:
        """Read what the cache lacks."""
        passes = {
            variant.label: Divergence(variant, WRITTEN)
            for variant in _readers(queries, run.run.steps)
        }
        if len(passes) <= 1:
            return ()
        found = run.behaviour([*passes.values()])
        return tuple(
            PolicyRow(
                row.task,
                row.question,
                {label: row.columns[one["nats"]] for label, one in passes.items()},
            )
            for row in found.questions
        )

    def rows(self, measured: tuple[PolicyRow, ...]) -> Sequence[PolicyRow]:
        """The questions."""
        return measured

    def unsupported_reason(self, kind: str) -> str:
        """Matches of games are no responses to a question."""
        if kind != GAMES:
            return ""
        return f"reads responses to questions: a match of --tasks {GAMES} has none"

    def strata(self, measured: tuple[PolicyRow, ...]) -> list[str]:
        """The task of each question."""
        return [row.task for row in measured]

    def observed(self, measured: tuple[PolicyRow, ...], query: Query) -> Means:
        """The recovery of every variant, (1,)."""
        return _recovered(measured, query, unit_weights(self.strata(measured))[None])

    def resampled(self, measured: tuple[PolicyRow, ...], query: Query) -> Means:
        """The same over resamples of the questions, (B,)."""
        return _recovered(measured, query, resampling_weights(self.strata(measured)))


def _readers(queries: Sequence[Query], steps: Sequence[int]) -> list[Variant]:
    """All that read for some claims, each once, the base first."""
    asked = [of for query in queries for of in query.measurements]
    return list(dict.fromkeys([BASE, *(variant for of in asked for variant in of(steps))]))


def _recovered(measured: tuple[PolicyRow, ...], query: Query, weights: np.ndarray) -> _Recovered:
    rows = [row.columns for row in measured]
    # What only some claims ask for is there only where it was asked for.
    readers = [v for v in _readers([query], query.steps) if all(v.label in row for row in rows)]
    nats = {v: weights @ np.array([row[v.label] for row in rows]) for v in readers if rows}
    with np.errstate(divide="ignore", invalid="ignore"):
        return _Recovered({v: 1 - apart / nats[BASE] for v, apart in nats.items()})


TABLE = POLICY = PolicyTable()
