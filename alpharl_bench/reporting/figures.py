"""The picture of a run's trajectories, as SVG."""

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

from alpharl_bench.claims import Evidence
from alpharl_bench.dynamics import ModuleDynamics
from alpharl_bench.reporting import svg
from alpharl_bench.reporting.dynamics import pictured
from alpharl_bench.reporting.views.style import STYLE, label


def draw_trajectories(evidence: Evidence, path: Path) -> None:
    """A row for every embedded module: u₁ and σ₁u₁, each beside its random walk (Figure 6a)."""
    modules = pictured(evidence)
    names = list(modules[0].pictures)
    with mpl.rc_context({**STYLE, "axes.spines.top": True, "axes.spines.right": True}):
        figure = Figure(figsize=(8.4, 1.0 + 1.75 * len(modules)), layout="constrained")
        grid = figure.subplots(len(modules), len(names), squeeze=False)
        for row, module in zip(grid, modules, strict=True):
            for axes, name in zip(row, names, strict=True):
                shown = _trajectory(axes, np.array(module.pictures[name]), evidence.steps)
                if "random walk" in name:
                    axes.set_facecolor("#ececec")
            row[0].set_ylabel(_modulelabel(module), fontsize=8)
        for axes, name in zip(grid[0], names, strict=True):
            axes.set_title(name.replace(": random walk", ": null, a random walk"), fontsize=9)
        bar = figure.colorbar(shown, ax=grid, label="share of the training", shrink=0.6)
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        title = f"{label(evidence.run)}: trajectories over checkpoints, PCA + t-SNE"
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
    for name, at, marker, size in ends:
        axes.scatter(
            x[at],
            y[at],
            c=[dots.cmap(share[at])],
            s=size,
            marker=marker,
            edgecolors="black",
            linewidths=0.9,
            zorder=3,
            label=name,
        )
    axes.set_xticks([])
    axes.set_yticks([])
    # One scale for both axes, so that no direction is blown up; room for the markers at the ends.
    reach = 0.58 * max(np.ptp(x), np.ptp(y), 1.0)
    axes.set_xlim((x.min() + x.max()) / 2 - reach, (x.min() + x.max()) / 2 + reach)
    axes.set_ylim((y.min() + y.max()) / 2 - reach, (y.min() + y.max()) / 2 + reach)
    axes.set_box_aspect(1)
    return dots


def _modulelabel(module: ModuleDynamics) -> str:
    layer = re.search(r"layers\.(\d+)", module.module)
    where = f"layer {layer[1]}, " if layer else ""
    return f"{module.block}: {where}{module.kind}\nR² of accuracy {module.r_squared:.3f}"
