"""One figure per claim and run set, and one of every run's trajectories, as SVG."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from alpharl_bench.claims import Claim, Evidence, Interval
from alpharl_bench.claims.measures import relative_accuracy
from alpharl_bench.dynamics import ModuleDynamics
from alpharl_bench.registry import Kind
from alpharl_bench.reporting import behaviour, behaviour_figures, svg
from alpharl_bench.reporting.dynamics import pictured, r_squared_map
from alpharl_bench.reporting.tables import spectrum_frame
from alpharl_bench.reporting.text import printable
from alpharl_bench.spectral import PROFILE

mpl.use("Agg")

_STYLE: dict[Any, Any] = {
    "savefig.dpi": 150,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
_KIND_COLOURS: dict[Kind, str] = {
    "RL": "#0b6e99",
    "self-play": "#33b1c9",
    "online distillation": "#8f5db7",
    "DPO": "#3a7d44",
    "distillation": "#e08e2b",
    "SFT": "#d1495b",
}
#: Characters of a run's name in a legend.
_LONGEST_LABEL = 60
# So many points of a curve have a tick each.
_TICKS = 6
_COLOURS = ("#0b6e99", "#d1495b", "#3a7d44", "#8f5db7")


def draw(claim: Claim, evidence: Sequence[Evidence], path: Path) -> None:
    """Draw a claim's curve for every run into ``path``.

    Relative accuracy with its 95 % interval against the curve's x, or as bars where there is none;
    the base and the control as horizontal lines. A claim about spectra: fractions per module, or
    the whole spectra.
    """
    if claim.table in behaviour.TABLES:
        with mpl.rc_context(_STYLE):
            behaviour_figures.draw(claim, evidence, path, [look for look, _ in _styles(evidence)])
        return
    if claim.all_singular_values:
        _draw_profiles(evidence, path)
        return
    if claim.table == "spectrum":
        _draw_fractions(evidence, path)
        return
    if claim.table == "dynamics":
        _draw_r_squared(evidence, path)
        return
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 3.4), layout="constrained")
        axes = figure.subplots()
        styles = _styles(evidence)
        for i, (measured, style) in enumerate(zip(evidence, styles, strict=True)):
            # Runs stand side by side around a shared tick.
            width = 0.8 / len(evidence)
            shift = (i - (len(evidence) - 1) / 2) * width
            if claim.curve.x_label:
                _curve(axes, claim, measured, style)
            else:
                _bars(axes, claim, measured, style, (shift, width))
        if claim.curve.x_label:
            axes.plot([], [], color="grey", linestyle=":", label="base")
            names = [point.name for point in claim.curve.points(evidence[0].steps)]
            if any(name.startswith("Control") for name in names):
                axes.plot(
                    [], [], color="grey", linestyle="--", linewidth=0.8, label="control draws"
                )
        axes.axhline(1, color="black", linewidth=0.8)
        axes.set_ylabel("relative accuracy")
        axes.set_ylim(bottom=0)
        figure.legend(loc="outside lower center", ncols=4 if len(evidence) <= len(_COLOURS) else 3)
        svg.save(figure, path)


def _draw_r_squared(evidence: Sequence[Evidence], path: Path) -> None:
    """A map of R² for every run: types of modules against layers (the paper's Figure 15)."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 0.6 + 2.1 * len(evidence)), layout="constrained")
        for axes, measured in zip(
            figure.subplots(len(evidence), squeeze=False)[:, 0], evidence, strict=True
        ):
            frame = r_squared_map(measured)
            shown = axes.imshow(frame, vmin=0, vmax=1, cmap="viridis", aspect="auto")
            axes.set_xticks(range(len(frame.columns)), frame.columns)
            axes.set_yticks(range(len(frame.index)), frame.index)
            axes.set_title(_label(measured.run), fontsize=9)
            axes.grid(visible=False)
            axes.set_xlabel("layer")
            figure.colorbar(shown, ax=axes, label="R²")
        svg.save(figure, path)


def _styles(evidence: Sequence[Evidence]) -> list[tuple[str, str]]:
    """Colour and label of each run: its own where there are few, otherwise those of its kind."""
    if len(evidence) > len(_COLOURS):
        return _by_kind(evidence)
    return [(colour, _label(run.run)) for colour, run in zip(_COLOURS, evidence, strict=False)]


def _label(run: str) -> str:
    """A name that matplotlib shows as it is: no formula, and not hidden for its first character."""
    shown = printable(run)[:_LONGEST_LABEL].replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def _by_kind(evidence: Sequence[Evidence]) -> list[tuple[str, str]]:
    """Only the first run of a kind has a label, so that the legend names every kind once."""
    styles: list[tuple[str, str]] = []
    kinds = [measured.kind for measured in evidence]
    for i, kind in enumerate(kinds):
        count = kinds.count(kind)
        label = f"{kind} ({count} run{'' if count == 1 else 's'})" if kind not in kinds[:i] else ""
        styles.append((_KIND_COLOURS[kind], label))
    return styles


def _draw_fractions(evidence: Sequence[Evidence], path: Path) -> None:
    """The Rank-1 fraction of every module by its type, the runs side by side."""
    frames = [spectrum_frame(measured) for measured in evidence]
    types = [frame["module"].str.extract(r"\.(\w+)\.weight$")[0] for frame in frames]
    # Architectures have different types: GLM-4's gate and up are one matrix.
    names = list(dict.fromkeys(name for column in types for name in column))
    width = 0.8 / len(evidence)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for i, (frame, column) in enumerate(zip(frames, types, strict=True)):
            at = column.map(names.index) + (i - (len(evidence) - 1) / 2) * width
            colour, label = _styles(evidence)[i]
            axes.plot(at, frame["rank1_fraction"], "o", color=colour, ms=4, label=label)
            noise = frame["noise_rank1_fraction"]
            axes.hlines(noise, at - width / 2, at + width / 2, color="black", linewidth=1)
        axes.plot([], [], color="black", linewidth=1, label="Gaussian of the same shape")
        axes.set_xticks(range(len(names)), names, rotation=20)
        axes.set_ylabel("Rank-1 fraction of the norm")
        axes.set_ylim(bottom=0)
        figure.legend(loc="outside lower center", ncols=3)
        svg.save(figure, path)


def _draw_profiles(evidence: Sequence[Evidence], path: Path) -> None:
    """The median spectrum of every run's modules over its largest value, coloured by kind."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 3.4), layout="constrained")
        axes = figure.subplots()
        # What is exactly 0, in an update of few directions, has no place on a log axis.
        axes.set_yscale("log", nonpositive="mask")
        for measured in evidence:
            noise = np.array([module.noise_profile for module in measured.spectrum], dtype=float)
            axes.plot(PROFILE, np.median(noise, axis=0), color="black", linewidth=1, zorder=1)
            spectra = np.array([module.profile for module in measured.spectrum], dtype=float)
            median = np.nanmedian(spectra, axis=0)
            axes.plot(PROFILE, median, color=_KIND_COLOURS[measured.kind], linewidth=1.2, alpha=0.8)
        for colour, label in _by_kind(evidence):
            if label:
                axes.plot([], [], color=colour, label=label)
        axes.plot([], [], color="black", linewidth=1, label="Gaussian of the same shape")
        axes.set_xlabel("index of the singular value, % of min(m, n)")
        axes.set_ylabel("σᵢ / σ₁, median over modules")
        figure.legend(loc="outside lower center", ncols=3)
        svg.save(figure, path)


def _curve(axes: Axes, claim: Claim, evidence: Evidence, style: tuple[str, str]) -> None:
    colour, label = style
    drawn: dict[str, list[tuple[float, Interval]]] = {}
    for point in claim.curve.points(evidence.steps):
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
) -> None:
    (colour, label), (shift, width) = style, slot
    points = claim.curve.points(evidence.steps)
    values = [relative_accuracy(evidence, point) for point in points]
    y = np.array([v.estimate if v else np.nan for v in values])
    low = np.array([v.estimate - v.low if v else np.nan for v in values])
    high = np.array([v.high - v.estimate if v else np.nan for v in values])
    axes.bar(
        np.arange(len(points)) + shift,
        y,
        width,
        yerr=[low, high],
        color=colour,
        capsize=min(2, 20 * width),
        label=label,
    )
    names = [p.name.removeprefix("Control: ").replace("rank-1, ", "rank-1,\n") for p in points]
    # A long name ends at its bars.
    axes.set_xticks(
        range(len(points)), names, fontsize=7, rotation=30, ha="right", rotation_mode="anchor"
    )


def draw_trajectories(evidence: Evidence, path: Path) -> None:
    """A row for every embedded module: u₁ and σ₁u₁, each beside its random walk (Figure 6a)."""
    modules = pictured(evidence)
    names = list(modules[0].pictures)
    with mpl.rc_context({**_STYLE, "axes.spines.top": True, "axes.spines.right": True}):
        figure = Figure(figsize=(8.4, 1.0 + 1.75 * len(modules)), layout="constrained")
        grid = figure.subplots(len(modules), len(names), squeeze=False)
        for row, module in zip(grid, modules, strict=True):
            for axes, name in zip(row, names, strict=True):
                shown = _trajectory(axes, np.array(module.pictures[name]), evidence.steps)
                if "random walk" in name:
                    axes.set_facecolor("#ececec")
            row[0].set_ylabel(_module_label(module), fontsize=8)
        for axes, name in zip(grid[0], names, strict=True):
            axes.set_title(name.replace(": random walk", ": null, a random walk"), fontsize=9)
        bar = figure.colorbar(shown, ax=grid, label="share of the training", shrink=0.6)
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        title = f"{_label(evidence.run)}: trajectories over checkpoints, PCA + t-SNE"
        figure.suptitle(title, fontsize=10)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        svg.save(figure, path)


def _trajectory(axes: Axes, places: np.ndarray, steps: Sequence[int]) -> PathCollection:
    """The checkpoints in order, coloured by the share of the training that they stand at."""
    seen = np.isfinite(places[:, 0])
    x, y = places[seen].T
    share = np.array(steps)[seen] / steps[-1]
    axes.plot(x, y, color="#9a9a9a", linewidth=1, zorder=1, label="checkpoints in order")
    dots = axes.scatter(x, y, c=share, cmap="viridis", vmin=0, vmax=1, s=22, zorder=2)
    ends: tuple[tuple[str, int, Any, int], ...] = (
        ("first checkpoint", 0, "s", 55),
        ("last checkpoint", -1, "*", 130),
    )
    for label, at, marker, size in ends:
        axes.scatter(
            x[at],
            y[at],
            c=[dots.cmap(share[at])],
            s=size,
            marker=marker,
            edgecolors="black",
            linewidths=0.9,
            zorder=3,
            label=label,
        )
    axes.set_xticks([])
    axes.set_yticks([])
    # One scale for both axes, so that no direction is blown up; room for the markers at the ends.
    reach = 0.58 * max(np.ptp(x), np.ptp(y), 1.0)
    axes.set_xlim((x.min() + x.max()) / 2 - reach, (x.min() + x.max()) / 2 + reach)
    axes.set_ylim((y.min() + y.max()) / 2 - reach, (y.min() + y.max()) / 2 + reach)
    axes.set_box_aspect(1)
    return dots


def _module_label(module: ModuleDynamics) -> str:
    layer = re.search(r"layers\.(\d+)", module.module)
    where = f"layer {layer[1]}, " if layer else ""
    return f"{module.block}: {where}{module.kind}\nR² of accuracy {module.r_squared:.3f}"
