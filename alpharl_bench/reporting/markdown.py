"""The report in Markdown, in the order of the paper; the page in HTML is made from it."""

from alpharl_bench.claims import ALPHARL, BEHAVIOUR, CLAIMS, PROPERTY1, PROPERTY2, Claim
from alpharl_bench.reporting import (
    behaviour,
    dynamics,
    forecast_methods,
    front,
    kinds,
    paper,
    self_play,
    windows,
)
from alpharl_bench.reporting.appendix import reading, responses, variants
from alpharl_bench.reporting.claim_sections import chapter
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.places import places
from alpharl_bench.reporting.provenance import provenance


def report(judged: Judged) -> str:
    """The whole report."""
    shown = judged.shown
    sections = [
        front.page(judged),
        *chapter(judged, "Property 1: Rank-1 Dominance (§2)", PROPERTY1),
        *chapter(judged, "Behaviour (§2.3, Appendix D)", BEHAVIOUR),
        *behaviour.sections(shown),
        *chapter(judged, "Property 2: Rank-1 Linear Dynamics (§3)", PROPERTY2),
        *dynamics.sections(shown),
        *windows.sections(shown),
        *chapter(judged, "AlphaRL: acceleration (§4)", ALPHARL),
        *forecast_methods.sections(shown),
        *kinds.sections(shown),
        *self_play.sections(shown),
        *chapter(judged, "Further claims", _further()),
        places(judged),
        paper.section(),
        reading(),
        *responses(shown),
        *variants(judged),
        provenance(judged),
    ]
    return "\n".join(sections)


def _further() -> list[Claim]:
    placed = {claim.id for claim in (*PROPERTY1, *BEHAVIOUR, *PROPERTY2, *ALPHARL)}
    return [claim for name, claim in CLAIMS.items() if name not in placed]
