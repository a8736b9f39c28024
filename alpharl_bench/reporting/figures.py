"""One figure per claim and run set, as PNG."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alpharl_bench.claims import Claim, Evidence, Interval
from alpharl_bench.claims.verdict import relative_accuracy
from alpharl_bench.reporting.tables import spectrum_frame

mpl.use("Agg")

_STYLE = {
    "figure.dpi": 150,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
_COLOURS = ("#0b6e99", "#d1495b", "#3a7d44", "#8f5db7")


def draw(claim: Claim, evidence: Mapping[str, Evidence], path: Path) -> None:
    """Draw a claim's curve for every run into ``path``.

    Relative accuracy with its 95 % interval against the curve's x, or as bars where there is none;
    the base and the control as horizontal lines. A claim about spectra: fractions per module.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for i, (run, measured) in enumerate(evidence.items()):
            colour = _COLOURS[i % len(_COLOURS)]
            if claim.spectral:
                _spectrum(axes, run, measured, colour, i, len(evidence))
            elif any(p.x is not None for p in claim.curve.points(measured.steps)):
                _curve(axes, claim, run, measured, colour)
            else:
                _bars(axes, claim, run, measured, colour, i, len(evidence))
        if not claim.spectral:
            axes.axhline(1, color="black", linewidth=0.8)
            axes.set_ylabel("relative accuracy")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)


def _curve(axes: Axes, claim: Claim, run: str, evidence: Evidence, colour: str) -> None:
    drawn: list[tuple[float, Interval]] = []
    for point in claim.curve.points(evidence.steps):
        value = relative_accuracy(evidence, claim, point)
        if value is None:
            continue
        if point.x is not None:
            drawn.append((point.x, value))
        elif point.name == "Base":
            axes.axhline(value.estimate, color=colour, linestyle=":", label=f"{run}: base")
        elif point.name.startswith("Control"):
            axes.axhline(value.estimate, color=colour, linestyle="--", linewidth=0.6, alpha=0.6)
    x = [at for at, _ in drawn]
    y = np.array([value.estimate for _, value in drawn])
    errors = np.abs(np.array([[v.low, v.high] for _, v in drawn]).T - y)
    axes.errorbar(x, y, errors, color=colour, marker="o", markersize=4, capsize=2, label=run)
    axes.plot([], [], color=colour, linestyle="--", linewidth=0.6, label=f"{run}: control draws")
    axes.set_xlabel(claim.curve.x_label)
    if claim.curve.log_x:
        axes.set_xscale("log", base=2)
        axes.set_xticks(x, [f"{at:g}" for at in x])
        axes.minorticks_off()


def _bars(
    axes: Axes, claim: Claim, run: str, evidence: Evidence, colour: str, i: int, n: int
) -> None:
    points = claim.curve.points(evidence.steps)
    values = [relative_accuracy(evidence, claim, point) for point in points]
    y = np.array([v.estimate if v else np.nan for v in values])
    low = np.array([v.estimate - v.low if v else np.nan for v in values])
    high = np.array([v.high - v.estimate if v else np.nan for v in values])
    width = 0.8 / n
    x = np.arange(len(points)) + (i - (n - 1) / 2) * width
    axes.bar(x, y, width, yerr=[low, high], color=colour, capsize=2, label=run)
    names = [p.name.removeprefix("Control: ").replace(", ", "\n") for p in points]
    axes.set_xticks(range(len(points)), names, fontsize=7)


def _spectrum(axes: Axes, run: str, evidence: Evidence, colour: str, i: int, n: int) -> None:
    frame = spectrum_frame(evidence)
    kind = frame["module"].str.extract(r"\.(\w+)\.weight$")[0]
    names = list(dict.fromkeys(kind))
    width = 0.8 / n
    x = np.array([names.index(k) for k in kind]) + (i - (n - 1) / 2) * width
    axes.plot(x, frame["rank1_fraction"], "o", color=colour, markersize=4, label=f"{run}")
    noise = frame.groupby(kind, sort=False)["noise_rank1_fraction"].first()
    if i == 0:
        axes.hlines(
            noise, np.arange(len(names)) - 0.4, np.arange(len(names)) + 0.4,
            color="black", linewidth=1, label="Gaussian of the same shape",
        )  # fmt: skip
    axes.set_xticks(range(len(names)), names, rotation=20)
    axes.set_ylabel("Rank-1 fraction of the norm")
    axes.set_ylim(bottom=0)
