"""How often verdicts on policy recovery are false, and their intervals cover the truth.

A question's KL is a sum over the tokens of one response: it is skewed, and that of a variant is
correlated with that of the base. Each session is judged by the code that judges runs.
"""

from dataclasses import dataclass

import numpy as np

from alpharl_bench.claims import Evidence, Outcome, judge
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.tables.policy import POLICY, PolicyRow
from alpharl_bench.variants import BASE, FULL, MODULES, random_control, rank
from benchmarks.coverage.text import markdown, percent

#: Questions of a task.
DESIGNS = (60, 180, 500)
_CLAIM = CLAIMS["P1.1-policy"]


@dataclass(frozen=True)
class Case:
    """What Rank-1 recovers, and the shape of a question's KL: the smaller the more skewed."""

    name: str
    recovered: float
    shape: float


CASES = tuple(
    Case(f"{recovered:g}, {words}", recovered, shape)
    for recovered in (0.99, 0.97)
    for words, shape in (("as an exponential", 1.0), ("far more skewed", 0.25))
)


def session(case: Case, questions: int, rng: np.random.Generator) -> tuple[bool, bool]:
    """Whether one session's interval covers the truth, and whether it supports the claim."""
    base = rng.gamma(case.shape, 1 / case.shape, questions)
    # Half of what a variant lacks goes with what the base lacks, half is its own.
    own = rng.gamma(case.shape, 1 / case.shape, questions)
    rank1 = (1 - case.recovered) * (base + own) / 2
    columns = {
        BASE.label: base,
        FULL.label: np.zeros(questions),
        MODULES.label: np.zeros(questions),
        rank(1).label: rank1,
        **{random_control(draw).label: base for draw in range(3)},
    }
    rows = tuple(
        PolicyRow("questions", str(n), {name: float(of[n]) for name, of in columns.items()})
        for n in range(questions)
    )
    verdict = judge(_CLAIM, Evidence("synthetic", (1,), {POLICY.name: rows}))
    if verdict.value is None:
        raise ValueError(verdict.reason)
    covers = verdict.value.low <= case.recovered <= verdict.value.high
    return covers, verdict.outcome is Outcome.SUPPORTED


def tables(repetitions: int = 400) -> list[str]:
    """Coverage, meant to be 95 %, and claims supported, at most 2.5 % where it is on the line."""
    rows = []
    for case in CASES:
        cells = []
        for questions in DESIGNS:
            rng = np.random.default_rng([questions, *case.name.encode()])
            found = np.mean([session(case, questions, rng) for _ in range(repetitions)], axis=0)
            cells.append(" / ".join(percent(float(rate)) for rate in found))
        rows.append([case.name, *cells])
    headers = ["recovered, KL of a question", *(f"{n} questions" for n in DESIGNS)]
    return [markdown(rows, headers)]
