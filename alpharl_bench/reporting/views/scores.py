"""Scores: relative accuracy beside the paper's, as a curve or as bars."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alpharl_bench.claims import Claim, Evidence, Interval
from alpharl_bench.claims.measures import relative_accuracy
from alpharl_bench.reporting import svg, tables
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.views.style import COLOURS, STYLE, styles
from alpharl_bench.reporting.views.view import View

# So many points of a curve have a tick each.
_TICKS = 6
#: So many runs have their intervals beside the paper's numbers; of more the estimates are shown.
_WITH_INTERVALS = 3


class ScoresView(View):
    """What claims about accuracies show."""

    def lines(self, judged: Judged, claim: Claim) -> Iterator[str]:
        """The relative accuracies of which the paper has a number."""
        if claim.printed.points:
            yield from (f"Relative accuracy beside the {tables.paper_column(claim)}:", "")
            yield from (tables.markdown(beside_the_paper(judged, claim)), "")

    def draw(self, claim: Claim, evidence: Sequence[Evidence], path: Path) -> None:
        """Relative accuracy with its 95 % interval against the curve's x, or as bars without one.

        The base and the control are horizontal lines.
        """
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(6.4, 3.4), layout="constrained")
            axes = figure.subplots()
            looks = styles(evidence)
            # Not every run has every optional point: all stand at the ticks of their names.
            ticks = list(dict.fromkeys(p.name for run in evidence for p in run.points(claim)))
            for i, (measured, style) in enumerate(zip(evidence, looks, strict=True)):
                # Runs stand side by side around a shared tick.
                width = 0.8 / len(evidence)
                shift = (i - (len(evidence) - 1) / 2) * width
                if claim.curve.x_label:
                    _curve(axes, claim, measured, style)
                else:
                    _bars(axes, claim, measured, style, (shift, width), ticks)
            if claim.curve.x_label:
                axes.plot([], [], color="grey", linestyle=":", label="base")
                names = [point.name for point in evidence[0].points(claim)]
                if any(name.startswith("Control") for name in names):
                    axes.plot(
                        [], [], color="grey", linestyle="--", linewidth=0.8, label="control draws"
                    )
            axes.axhline(1, color="black", linewidth=0.8)
            axes.set_ylabel("relative accuracy")
            axes.set_ylim(bottom=0)
            figure.legend(
                loc="outside lower center", ncols=4 if len(evidence) <= len(COLOURS) else 3
            )
            svg.save(figure, path)


def beside_the_paper(judged: Judged, claim: Claim) -> pd.DataFrame:
    """One row per variant of which the paper has a number, one column per run."""
    by_run = judged.of_claim(claim)
    rows: dict[str, dict[str, object]] = {}
    for run in by_run:
        evidence = judged.session.evidence(run, claim.qualified_id)
        for point in evidence.points(claim):
            if point.name in claim.printed.points:
                ours = relative_accuracy(evidence, point)
                shown = ours if len(by_run) <= _WITH_INTERVALS else ours and f"{ours.estimate:.3f}"
                rows.setdefault(point.name, {})[run] = shown or "–"
    paper = {tables.paper_column(claim): claim.printed.points}
    return pd.DataFrame(
        [
            {"variant": name, **cells, **{title: paper[title][name] for title in paper}}
            for name, cells in rows.items()
        ]
    )


def _curve(axes: Axes, claim: Claim, evidence: Evidence, style: tuple[str, str]) -> None:
    colour, label = style
    drawn: dict[str, list[tuple[float, Interval]]] = {}
    for point in evidence.points(claim):
        value = relative_accuracy(evidence, point)
        if value is None:
            continue
        if point.x is not None:
            drawn.setdefault(point.series, []).append((point.x, value))
        elif point.name == "Base":
            axes.axhline(value.estimate, color=colour, linestyle=":")
        elif point.name.startswith("Control"):
            axes.axhline(value.estimate, color=colour, linestyle="--", linewidth=0.8, alpha=0.7)
    for series, points in drawn.items():
        x = np.array([at for at, _ in points], dtype=float)
        y = np.array([value.estimate for _, value in points])
        errors = np.abs(np.array([[v.low, v.high] for _, v in points]).T - y)
        # A series of several curves: a new one begins where x falls, and nothing joins the two.
        ends = np.flatnonzero(np.diff(x) < 0) + 1
        x, y = np.insert(x, ends, np.nan), np.insert(y, ends, np.nan)
        errors = np.insert(errors, ends, np.nan, axis=1)
        look = {"linestyle": "--", "marker": "s", "alpha": 0.6} if series else {"marker": "o"}
        name = f"{label}, {series}" if series and label else label
        axes.errorbar(x, y, errors, color=colour, markersize=4, capsize=2, label=name, **look)
    axes.set_xlabel(claim.curve.x_label)
    ticks = sorted({at for points in drawn.values() for at, _ in points})
    if claim.curve.log_x:
        axes.set_xscale("log", base=2)
        axes.minorticks_off()
    if claim.curve.log_x or len(ticks) <= _TICKS:
        axes.set_xticks(ticks, [f"{at:g}" for at in ticks])


def _bars(
    axes: Axes,
    claim: Claim,
    evidence: Evidence,
    style: tuple[str, str],
    slot: tuple[float, float],
    ticks: Sequence[str],
) -> None:
    (colour, label), (shift, width) = style, slot
    points = evidence.points(claim)
    values = [relative_accuracy(evidence, point) for point in points]
    y = np.array([v.estimate if v else np.nan for v in values])
    low = np.array([v.estimate - v.low if v else np.nan for v in values])
    high = np.array([v.high - v.estimate if v else np.nan for v in values])
    axes.bar(
        [ticks.index(point.name) + shift for point in points],
        y,
        width,
        yerr=[low, high],
        color=colour,
        capsize=min(2, 20 * width),
        label=label,
    )
    names = [name.removeprefix("Control: ").replace("rank-1, ", "rank-1,\n") for name in ticks]
    # A long name ends at its bars.
    axes.set_xticks(
        range(len(ticks)), names, fontsize=7, rotation=30, ha="right", rotation_mode="anchor"
    )
