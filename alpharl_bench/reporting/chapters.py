"""The chapters of a paper's part of the report, in the paper's order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alpharl_bench.claims import Claim
from alpharl_bench.claims.paper import Paper
from alpharl_bench.claims.papers import find_paper
from alpharl_bench.reporting.paper_modules import of_paper
from alpharl_bench.reporting.session import Session


@dataclass(frozen=True)
class Chapter:
    """A title, the claims below it, and what else is told of the session in their place.

    Each of ``sections`` gives sections in Markdown, which begin with ``##``, or none.
    """

    title: str
    claims: Sequence[Claim]
    sections: Sequence[Callable[[Session], list[str]]] = ()


def question_of(claim: Claim) -> str:
    """The question that a claim helps to answer: the chapter that it stands in."""
    paper = find_paper(claim.paper_ref.paper)
    return next(c.title for c in chapters_of(paper) if claim.id in {one.id for one in c.claims})


def chapters_of(paper: Paper) -> list[Chapter]:
    """The chapters of a paper; the last one has the claims that stand in no other.

    Raises:
        AlphaRLBenchError: the paper's module ``chapters`` cannot be loaded.
    """
    own: Sequence[Chapter] = of_paper(paper, "chapters", "CHAPTERS", ())
    placed = {claim.id for chapter in own for claim in chapter.claims}
    further = [claim for claim in paper.claims if claim.id not in placed]
    return [*own, Chapter("Further claims" if own else "Claims", further)]
