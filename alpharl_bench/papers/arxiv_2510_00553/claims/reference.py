"""Which paper the claims of this folder are of."""

from pathlib import Path

from alpharl_bench.claims.claim import PaperRef

#: Its arXiv id.
ARXIV = "2510.00553"
#: What it printed lies below this folder.
FOLDER = Path(__file__).parents[1]


def in_paper(place: str) -> PaperRef:
    """A place in this paper, as ``§2.1, Figure 3a``."""
    return PaperRef(ARXIV, place)
