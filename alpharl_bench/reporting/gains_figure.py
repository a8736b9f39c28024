"""The picture of what runs learned: each gain as a bar of its parts."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from alpharl_bench.claims.gains import PARTS, Gains
from alpharl_bench.reporting import svg
from alpharl_bench.reporting.views.style import STYLE, label

#: Colour and hatching of each part: without colour the hatching tells them apart.
_LOOKS = {
    "base": ("#b8b8b8", ""),
    "format": ("#e9c46a", "..."),
    "switch": ("#e08e2b", "///"),
    "sharpening": ("#8f5db7", "\\\\\\"),
    "beyond": ("#0b6e99", ""),
}


def draw_gains(found: Mapping[str, Gains], path: Path) -> None:
    """A horizontal bar per run from 0 to the trained model's accuracy; *beyond* with its interval.

    Where *beyond* is negative its bar goes back from the strictest baseline, and is not filled.

    Args:
        found: the gains by run.
        path: the file of the figure.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 1.3 + 0.32 * len(found)), layout="constrained")
        axes = figure.subplots()
        names = list(found)[::-1]
        left = [0.0] * len(names)
        for part, (colour, hatch) in _LOOKS.items():
            widths = [_width(found[name], part) for name in names]
            bars = axes.barh(
                range(len(names)), widths, left=left, color=colour, label=part, height=0.7
            )
            for bar in bars:
                bar.set(hatch=hatch, edgecolor="white", linewidth=0.5)
                if bar.get_width() < 0:  # What the base has more of than the trained model.
                    bar.set(facecolor="none", edgecolor=colour, hatch="xx", linewidth=1)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        for place, name in enumerate(names):
            beyond = found[name].parts["beyond"]
            reach = [[beyond.estimate - beyond.low], [beyond.high - beyond.estimate]]
            axes.errorbar(left[place], place, xerr=reach, color="black", linewidth=1, capsize=2)
        axes.set_yticks(range(len(names)), [label(name) for name in names])
        axes.set_xlim(0, 1)
        axes.set_xlabel("accuracy; the line is the interval of what is beyond the baselines")
        axes.grid(visible=False, axis="y")
        figure.legend(loc="outside upper center", ncols=len(_LOOKS))
        svg.save(figure, path)


def _width(found: Gains, part: str) -> float:
    return found.parts[part].estimate if part in PARTS else found.base.estimate
