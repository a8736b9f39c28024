"""The papers that are here, and their claims by id."""

from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from alpharl_bench.claims import Claim
from alpharl_bench.claims.paper import Paper
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.extensions import extensions
from alpharl_bench.registry import unknown

#: The package of this distribution's papers, and the entry points at which others name theirs.
GROUP = "alpharl_bench.papers"


@cache
def load_papers() -> Mapping[str, Paper]:
    """Every paper by its arXiv id: the packages of ``papers/``, then those of other distributions.

    Raises:
        AlphaRLBenchError: an entry point cannot be loaded, two packages hold one paper, or a paper
            has two claims of one id or a claim of another paper.
    """
    modules = iter_modules([str(Path(__file__).parents[1] / "papers")], prefix=f"{GROUP}.")
    folders = [import_module(module.name) for module in modules if module.ispkg]
    found: dict[str, Paper] = {}
    for paper in (*(folder.PAPER for folder in folders), *extensions(GROUP, Paper).values()):
        if paper.arxiv in found:
            raise AlphaRLBenchError(
                f"paper {paper.arxiv}: is in '{found[paper.arxiv].package}' and in "
                f"'{paper.package}'; uninstall one of them"
            )
        found[paper.arxiv] = _whole(paper)
    return found


@cache
def load_claims() -> Mapping[str, Claim]:
    """The claims of all papers by qualified id, paper by paper, in their order."""
    return {c.qualified_id: c for paper in load_papers().values() for c in paper.claims}


def find_paper(arxiv: str | None = None) -> Paper:
    """The paper of that id; without one the only paper that is here.

    Raises:
        AlphaRLBenchError: it is not here, or none is named and there are several.
    """
    known = load_papers()
    if arxiv is None:
        if len(known) > 1:
            raise AlphaRLBenchError(f"name one of the papers that are here: {', '.join(known)}")
        return next(iter(known.values()))
    if arxiv not in known:
        raise AlphaRLBenchError(unknown("paper", arxiv, known))
    return known[arxiv]


def find_claim(name: str, arxiv: str | None = None) -> Claim:
    """The claim of that id.

    Args:
        name: ``P1.1``, or with its paper ``2510.00553:P1.1``.
        arxiv: the paper that a short id is of; without it the only paper that has such a claim.

    Raises:
        AlphaRLBenchError: there is no such claim, or several papers have one.
    """
    known = load_claims()
    if ":" not in name and arxiv is not None:
        name = f"{find_paper(arxiv).arxiv}:{name}"
    if name in known:
        return known[name]
    alike = [claim for claim in known.values() if claim.id == name]
    if len(alike) > 1:
        ids = " and ".join(claim.qualified_id for claim in alike)
        raise AlphaRLBenchError(
            f"claim '{name}': is {ids}; name one of them, or mark the suite with "
            "`pytestmark = pytest.mark.paper(arxiv=…)`"
        )
    if not alike:
        raise AlphaRLBenchError(unknown("claim", name, known if ":" in name else _short(known)))
    return alike[0]


def shown_ids(claims: Collection[Claim]) -> dict[str, str]:
    """What claims are called side by side, by qualified id: the short ids of a single paper."""
    several = len({claim.paper_ref.paper for claim in claims}) > 1
    return {c.qualified_id: c.qualified_id if several else c.id for c in claims}


def _short(known: Mapping[str, Claim]) -> list[str]:
    return [claim.id for claim in known.values()]


def _whole(paper: Paper) -> Paper:
    counts = Counter(claim.id for claim in paper.claims)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise AlphaRLBenchError(
            f"paper {paper.arxiv} of '{paper.package}': two claims have the id {twice[0]}; "
            "rename one of them"
        )
    for claim in paper.claims:
        if claim.paper_ref.paper != paper.arxiv:
            raise AlphaRLBenchError(
                f"paper {paper.arxiv} of '{paper.package}': claim {claim.id} refers to "
                f"paper {claim.paper_ref.paper}; correct its paper_ref"
            )
    return paper
