"""How each table is shown under the claims that read it."""

from collections.abc import Mapping

from alpharl_bench.claims import Claim
from alpharl_bench.claims.papers import find_paper
from alpharl_bench.reporting.paper_modules import of_paper
from alpharl_bench.reporting.views.dynamics import DynamicsView
from alpharl_bench.reporting.views.scores import ScoresView
from alpharl_bench.reporting.views.spectrum import SpectrumView
from alpharl_bench.reporting.views.view import View

_OWN: Mapping[str, View] = {
    "scores": ScoresView(),
    "spectrum": SpectrumView(),
    "dynamics": DynamicsView(),
}


def view_of(claim: Claim) -> View:
    """How what a claim reads is shown.

    By the view that its paper has for the table (``VIEWS`` of its module ``views``), by this
    package's, by the table's own, or by the one that suits any table.
    """
    paper = find_paper(claim.paper_ref.paper)
    views: Mapping[str, View] = _OWN | of_paper(paper, "views", "VIEWS", {})
    if claim.table in views:
        return views[claim.table]
    own = claim.reads_from.view
    return own if isinstance(own, View) else View()


__all__ = ["View", "view_of"]
