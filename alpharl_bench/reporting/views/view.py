"""How a table is shown under its claims; a table without a view of its own is shown by this one."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from alpharl_bench.claims import Claim, Evidence, Interval, extreme
from alpharl_bench.claims.measures import measured
from alpharl_bench.reporting import svg, tables
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.text import folded, plain
from alpharl_bench.reporting.views.style import STYLE, styles


class View:
    """The columns that were measured of every run, and the statistic against its threshold."""

    def lines(self, judged: Judged, claim: Claim) -> Iterator[str]:
        """What stands under a claim in the report, in Markdown.

        Args:
            judged: the session with its verdicts.
            claim: one that reads the table.
        """
        return by_run(judged, claim, partial(columns, claim))

    def draw(self, claim: Claim, evidence: Sequence[Evidence], path: Path) -> None:
        """Draw the figure of a claim.

        Args:
            claim: one that reads the table.
            evidence: the evidence of every run that is drawn.
            path: the file that the figure is written to.
        """
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(6.4, 1.4 + 0.4 * len(evidence)), layout="constrained")
            axes = figure.subplots()
            for row, (one, (colour, _)) in enumerate(zip(evidence, styles(evidence), strict=True)):
                value = _shown(claim, one)
                if value is None:
                    continue
                # The least of several numbers may lie outside its interval.
                if np.isfinite([value.low, value.high]).all():
                    axes.plot([value.low, value.high], [row, row], "|-", color=colour)
                axes.plot(value.estimate, row, "o", color=colour)
            for bound in (claim.threshold.low, claim.threshold.high):
                if np.isfinite(bound):
                    axes.axvline(bound, color="black", linewidth=0.8)
            axes.set_yticks(range(len(evidence)), [plain(one.run) for one in evidence])
            axes.set_ylim(len(evidence) - 0.5, -0.5)
            axes.set_xlabel(claim.statistic_label)
            svg.save(figure, path)


def columns(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """One row per column of the claim's table: its mean and range over the units of a run."""
    of = claim.reads_from
    rows = pd.DataFrame([dict(row.columns) for row in of.rows(evidence[of])])
    return pd.DataFrame(
        [
            {
                "": name,
                f"mean over {of.units}": f"{rows[name].mean():.4g}",
                "range": f"{rows[name].min():.3g} … {rows[name].max():.3g}",
            }
            for name in rows
        ]
    )


def by_run(
    judged: Judged, claim: Claim, frame: Callable[[Evidence], pd.DataFrame]
) -> Iterator[str]:
    """A folded table for every run that a claim was judged on."""
    for run in judged.of_claim(claim):
        evidence = judged.session.evidence(run, claim.qualified_id)
        yield from folded(run, [tables.markdown(frame(evidence))])


def _shown(claim: Claim, evidence: Evidence) -> Interval | None:
    if claim.unsupported_reason(evidence.steps):
        return None  # Nothing was measured for it.
    return measured(
        claim,
        evidence,
        lambda means: extreme(claim.statistic(means, evidence.steps), claim.extremes),
    )
