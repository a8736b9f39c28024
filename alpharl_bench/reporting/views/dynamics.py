"""Dynamics: R² by type of module and layer."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from alpharl_bench.claims import Claim, Evidence
from alpharl_bench.reporting import svg
from alpharl_bench.reporting.dynamics import r_squared_map
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.views.style import STYLE, label
from alpharl_bench.reporting.views.view import View


class DynamicsView(View):
    """What claims about dynamics show; their tables are a section of the report."""

    def lines(self, judged: Judged, claim: Claim) -> Iterator[str]:
        """Where the tables are."""
        yield from ("By type of module below, under *Dynamics*.", "")

    def draw(self, claim: Claim, evidence: Sequence[Evidence], path: Path) -> None:
        """A map of R² for every run: types of modules against layers (the paper's Figure 15)."""
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(6.4, 0.6 + 2.1 * len(evidence)), layout="constrained")
            for axes, measured in zip(
                figure.subplots(len(evidence), squeeze=False)[:, 0], evidence, strict=True
            ):
                frame = r_squared_map(measured)
                shown = axes.imshow(frame, vmin=0, vmax=1, cmap="viridis", aspect="auto")
                axes.set_xticks(range(len(frame.columns)), frame.columns)
                axes.set_yticks(range(len(frame.index)), frame.index)
                axes.set_title(label(measured.run), fontsize=9)
                axes.grid(visible=False)
                axes.set_xlabel("layer")
                figure.colorbar(shown, ax=axes, label="R²")
            svg.save(figure, path)
