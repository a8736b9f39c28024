"""The table of behaviour: questions × figures of chains of thought (§2.3, Appendix D)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from pydantic import TypeAdapter

from alpharl_bench.behaviour import Behaviour, Continuation, Measurement, TeacherForced
from alpharl_bench.behaviour.measurements import chains_of, variants_of
from alpharl_bench.behaviour.table import NO_BEHAVIOUR, QuestionRow
from alpharl_bench.scoring.catalogue import GAMES
from alpharl_bench.tables.required import materialised
from alpharl_bench.tables.requirements import Requirements, union
from alpharl_bench.tables.table import QUESTIONS, MeasuredRun, Query, Table


class BehaviourTable(Table[Behaviour]):
    """What is generated, read and continued; the measurements of a claim are such passes."""

    name = "behaviour"
    units = QUESTIONS
    needs_generation = True
    entries: ClassVar[Mapping[str, tuple[str, ...]]] = {"questions": ("task", "question")}
    stored = TypeAdapter(Behaviour)
    empty = NO_BEHAVIOUR

    def requires(self, query: Query, steps: Sequence[int]) -> Requirements:
        """The chains that are written, and the weights of those that write and read them."""
        passes: Sequence[Measurement] = query.measurements
        variants = [variant for one in passes for variant in variants_of(one)]
        chains = Requirements(
            generated=frozenset(_generated(passes)),
            read=frozenset(one for one in passes if isinstance(one, TeacherForced)),
        )
        return union([chains, materialised(variants, steps)])

    def measure(self, run: MeasuredRun, queries: Sequence[Query]) -> Behaviour:
        """Generate and read what the cache lacks."""
        passes = [one for query in queries for one in query.measurements]
        return run.behaviour(passes) if passes else NO_BEHAVIOUR

    def rows(self, measured: Behaviour) -> Sequence[QuestionRow]:
        """The questions."""
        return measured.questions

    def unsupported_reason(self, kind: str) -> str:
        """Matches of games have no chains of thought."""
        if kind != GAMES:
            return ""
        return f"reads chains of thought: a match of --tasks {GAMES} has none"

    def strata(self, measured: Behaviour) -> list[str]:
        """The task of each question."""
        return [question.task for question in measured.questions]


def _generated(passes: Iterable[Measurement]) -> Iterable[Measurement]:
    """What passes write; reading writes nothing."""
    for one in passes:
        yield from chains_of(one)
        if isinstance(one, Continuation):
            yield one


TABLE = BEHAVIOUR = BehaviourTable()
