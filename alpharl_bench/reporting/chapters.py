"""The chapters of a paper's part of the report, in the paper's order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from alpharl_bench.claims import Claim
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.papers import Paper
from alpharl_bench.reporting.session import Session


@dataclass(frozen=True)
class Chapter:
    """A title, the claims below it, and what else is told of the session in their place.

    Each of ``sections`` gives sections in Markdown, which begin with ``##``, or none.
    """

    title: str
    claims: Sequence[Claim]
    sections: Sequence[Callable[[Session], list[str]]] = ()


def chapters_of(paper: Paper) -> list[Chapter]:
    """The chapters of a paper; the last one has the claims that stand in no other.

    Raises:
        AlphaRLBenchError: the paper's module ``chapters`` cannot be loaded.
    """
    own = _own(paper)
    placed = {claim.id for chapter in own for claim in chapter.claims}
    further = [claim for claim in paper.claims if claim.id not in placed]
    return [*own, Chapter("Further claims" if own else "Claims", further)]


def _own(paper: Paper) -> Sequence[Chapter]:
    name = f"{paper.package}.chapters"
    if find_spec(name) is None:
        return ()
    try:
        found: Sequence[Chapter] = import_module(name).CHAPTERS
    except Exception as error:
        raise AlphaRLBenchError(
            f"paper {paper.arxiv}: CHAPTERS of {name} cannot be loaded "
            f"({type(error).__name__}: {error}); correct it"
        ) from error
    return found
