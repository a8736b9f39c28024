"""What stands at the end: how numbers are to be read, what was answered, every variant by run."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from alpharl_bench.claims import Claim, Evidence
from alpharl_bench.claims.measures import accuracy, recovered_gain, relative_accuracy
from alpharl_bench.claims.paper import Paper
from alpharl_bench.reporting import tables
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.text import folded
from alpharl_bench.variants import BASE

_READING = """\
## How to read the numbers

Accuracies are means over tasks of the mean over each task's questions. Intervals are paired \
bootstraps over questions, each with all its samples; they do not cover another training seed. \
Their level is 95 %. Where sampling was sequential, a verdict's interval has a higher level, so \
that all interim analyses together have the error rate of one. What is computed from weights alone \
is a fact of the run, and has no interval: its modules and tokens are no sample.{caveats}

- Relative accuracy = accuracy / accuracy of the fully trained model. It is misleading alone, \
because the base itself scores well above 0. The report therefore also gives the recovered gain = \
(accuracy − base) / (fully trained − base): 0 for the base, 1 for the trained model.
- Control: a random rank-1 update with the norm of the trained update in every module.
"""
_RESPONSES = """\
## Responses

All responses of a run, over all its variants, by outcome of grading. *Cut off* are answers whose \
grading was aborted: too long, or above its limits of time, memory or depth. They count as wrong, \
and so do responses without a final answer, which include matches lost by an illegal move."""
_VARIANTS = """\
## Every variant, run by run

Relative accuracy is relative to the fully trained model; a checkpoint's Rank-1 is relative to \
that checkpoint."""


def reading(papers: Sequence[Paper]) -> str:
    """What the figures mean, and what a reader must know of those that the papers printed."""
    several = len(papers) > 1
    told = [f" {f'{paper}: ' if several else ''}{paper.caveat}" for paper in papers if paper.caveat]
    return _READING.format(caveats="".join(told))


def responses(session: Session) -> list[str]:
    """What became of the responses; nothing where none was scored."""
    frame = tables.responses(session)
    return [] if frame.empty else ["\n".join([_RESPONSES, "", tables.markdown(frame), ""])]


def variants(judged: Judged) -> list[str]:
    """The accuracy of every variant of a curve, each once; nothing where none was scored."""
    lines = []
    for run, record in judged.shown.runs.items():
        claims = {
            judged.name(claim): claim
            for claim in judged.claims
            if claim.qualified_id in record.claims and claim.sampled
        }
        if claims:
            lines += folded(run, _of_run(judged.session.evidence(run), claims))
    return ["\n".join([_VARIANTS, "", *lines])] if lines else []


def _of_run(evidence: Evidence, claims: Mapping[str, Claim]) -> list[str]:
    lines = [tables.markdown(accuracies(evidence, claims.values())), ""]
    k = evidence.score(BASE).samples_per_question
    # A match has a payoff and no answer that samples could agree on.
    majorities = not tables.is_played(evidence)
    metrics = f"mean@{k} / pass@{k}" + (f" / maj@{k}" if majorities else "")
    for name, claim in claims.items():
        if claim.by_task:
            frame = tables.by_task(claim, evidence, majorities=majorities)
            lines += [f"{name}, {metrics} per task, %:", "", tables.markdown(frame), ""]
    return lines


def accuracies(evidence: Evidence, claims: Iterable[Claim]) -> pd.DataFrame:
    """One row per variant of the claims' curves, for one run."""
    points = {
        (point.name, point.variant): point for claim in claims for point in evidence.points(claim)
    }
    return pd.DataFrame(
        [
            {
                "variant": point.name,
                "accuracy": accuracy(evidence, point.variant),
                "relative accuracy": relative_accuracy(evidence, point) or "–",
                "recovered gain": recovered_gain(evidence, point) or "–",
            }
            for point in points.values()
        ]
    )
