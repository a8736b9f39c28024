"""Invented figures of chains and embeddings, for tests of what is made from them."""

from collections.abc import Mapping, Sequence

from alpharl_bench.behaviour import TeacherForced
from alpharl_bench.behaviour.embedding import EmbeddingShift, TokenShift
from alpharl_bench.behaviour.measurements import Measurement, chains_of
from alpharl_bench.behaviour.table import (
    PARTS,
    Answer,
    Behaviour,
    Example,
    Places,
    QuestionRow,
    TokenCount,
)
from alpharl_bench.papers.arxiv_2510_00553.claims.behaviour import BEFORE, BEHAVIOUR, READ_BEFORE
from alpharl_bench.papers.arxiv_2510_00553.claims.policy import POLICY
from alpharl_bench.tables.policy import PolicyRow
from alpharl_bench.variants import BASE, FULL

#: Markup of every sort that a model might write.
HOSTILE = "a|b`c``d\n<script>alert(1)</script> [x](http://y) \x1b[31m \u202e"
#: A figure of every question where nothing else is said.
USUAL = {
    "right": 0.5,
    "tokens": 20,
    "positions": 20,
    "non-greedy": 4,
    "surprise": 10,
    "early positions": 2,
    "early non-greedy": 1,
    "given": 2,
    "start": 1,
    "answer": 0.5,
    "both": 0.5,
}
EMBEDDING = EmbeddingShift(
    tokens=tuple(TokenShift(f"t{i}", 0.1 + 0.01 * i, 1.0, 0.2) for i in range(10)),
    relative=0.1,
    modules=0.2,
    common=0.3,
    pictures={
        name: tuple((float(i), float(i % 7)) for i in range(20)) for name in ("PCA", "t-SNE")
    },
)


def behaviour_of(
    tasks: Mapping[str, int], own: Mapping[tuple[Measurement, str], float] | None = None
) -> Behaviour:
    """Every pass that a claim reads, the same figures of every question.

    Args:
        tasks: how many questions each has.
        own: figures that are not the usual ones, by pass and name.
    """
    wanted = [one for claim in BEHAVIOUR for one in claim.measurements]
    passes = dict.fromkeys([*(c for one in wanted for c in chains_of(one)), *wanted])
    # The base's greedy chains are greedy to it and right nowhere: there is a gain and a way.
    known = {
        (READ_BEFORE, "non-greedy"): 0,
        (READ_BEFORE, "surprise"): 2,
        (BEFORE, "right"): 0,
        **(own or {}),
    }
    columns = {
        one[figure]: float(known.get((one, figure), USUAL[figure]))
        for one in passes
        for figure in one.figures
    }
    return Behaviour(
        questions=tuple(
            QuestionRow(task, f"q{i}", columns) for task, n in tasks.items() for i in range(n)
        ),
        places={
            one.label: Places((10,) * (PARTS - 1) + (0,), (*range(PARTS - 1), 0))
            for one in passes
            if isinstance(one, TeacherForced)
        },
        tokens=(TokenCount("So", "#", 3, 2, 0.25), TokenCount(HOSTILE, "#", 1, 0, 0.5)),
        examples=(
            Example("addition", "1+1=", True, (Answer("greedy base", HOSTILE, False),)),
            Example("chain", HOSTILE, False, (Answer("greedy base", "", True),)),
        ),
    )


def policy_of(
    tasks: Mapping[str, int], steps: Sequence[int], own: Mapping[str, float] | None = None
) -> tuple[PolicyRow, ...]:
    """Every variant that a claim reads, half as far from the trained model as the base is.

    Args:
        tasks: how many questions each has.
        steps: the steps of the run's checkpoints.
        own: other distances, by the variant's label; the base's is 2.
    """
    read = [v.label for claim in POLICY for of in claim.measurements for v in of(steps)]
    columns = {**dict.fromkeys(read, 1.0), BASE.label: 2.0, FULL.label: 0.0, **(own or {})}
    return tuple(PolicyRow(task, f"q{i}", columns) for task, n in tasks.items() for i in range(n))
