"""Behaviour and token embeddings: the figures of a claim's chains, or of its tokens."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import matplotlib as mpl

from alpharl_bench.claims import Claim, Evidence
from alpharl_bench.papers.arxiv_2510_00553.sections import behaviour, behaviour_figures
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.views.style import STYLE, styles
from alpharl_bench.reporting.views.view import View, by_run


class BehaviourView(View):
    """What claims about words and embeddings show; a curve that is not known, its columns."""

    def lines(self, judged: Judged, claim: Claim) -> Iterator[str]:
        """The figures of every run."""
        if claim.curve not in behaviour.FIGURES:
            return super().lines(judged, claim)
        return by_run(judged, claim, partial(behaviour.figures, claim))

    def draw(self, claim: Claim, evidence: Sequence[Evidence], path: Path) -> None:
        """The picture of what the claim reads."""
        if claim.curve not in behaviour.FIGURES:
            super().draw(claim, evidence, path)
            return
        with mpl.rc_context(STYLE):
            behaviour_figures.draw(claim, evidence, path, [look for look, _ in styles(evidence)])


#: The views of this paper's claims by the table that they read.
VIEWS = {"behaviour": BehaviourView(), "embedding": BehaviourView()}
