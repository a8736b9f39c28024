"""Spectra: norms and ranks of the update, module by module, beside Gaussian matrices."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from alpharl_bench.claims import Claim, Evidence
from alpharl_bench.reporting import svg, tables
from alpharl_bench.reporting.judged import Judged
from alpharl_bench.reporting.views.style import KIND_COLOURS, STYLE, by_kind, styles
from alpharl_bench.reporting.views.view import View, by_run
from alpharl_bench.spectral import PROFILE, ModuleSpectrum
from alpharl_bench.tables.spectrum import SPECTRUM, WHOLE


class SpectrumView(View):
    """What claims about spectra show: all singular values, or the leading ones' share."""

    def lines(self, judged: Judged, claim: Claim) -> Iterator[str]:
        """Ranks or norms of every run."""
        whole = WHOLE in claim.measurements
        return by_run(judged, claim, ranks if whole else partial(norms, claim))

    def draw(self, claim: Claim, evidence: Sequence[Evidence], path: Path) -> None:
        """The whole spectra, or fractions per module."""
        drawn = _draw_profiles if WHOLE in claim.measurements else _draw_fractions
        drawn(evidence, path)


def norms(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """Mean update norm and fractions of it, beside Gaussian matrices and the claim's paper's."""
    titles = {
        "norm": "average update norm ‖ΔW‖",
        "rank1_fraction": "Rank-1 fraction",
        "rank1_percent_fraction": "Rank-1 % fraction",
    }
    frame, printed = _figures(evidence, titles), claim.printed.by_kind
    if not printed:
        return frame
    paper = [printed.get(evidence.kind, {}).get(column, "") for column in titles]
    return frame.assign(**{tables.paper_column(claim): paper})


def ranks(evidence: Evidence) -> pd.DataFrame:
    """Effective and stable rank of the update, beside Gaussian matrices."""
    titles = {"effective_rank": "effective rank", "stable_rank": "stable rank ‖ΔW‖²/σ₁²"}
    return _figures(evidence, titles)


def _figures(evidence: Evidence, titles: dict[str, str]) -> pd.DataFrame:
    frame = spectrum_frame(evidence)
    return pd.DataFrame(
        [
            {
                "": title,
                "ours, mean over modules": f"{frame[column].mean():.4g}",
                "ours, range": f"{frame[column].min():.3g} … {frame[column].max():.3g}",
                "Gaussian of the same shape": (
                    f"{frame[f'noise_{column}'].mean():.4g}"
                    if f"noise_{column}" in frame
                    else "same norm"
                ),
            }
            for column, title in titles.items()
        ]
    )


def spectrum_frame(evidence: Evidence) -> pd.DataFrame:
    """One row per module."""
    fields = [*ModuleSpectrum.__dataclass_fields__, "stable_rank", "noise_stable_rank"]
    return pd.DataFrame(
        [[getattr(module, field) for field in fields] for module in evidence[SPECTRUM]],
        columns=fields,
    )


def _draw_fractions(evidence: Sequence[Evidence], path: Path) -> None:
    """The Rank-1 fraction of every module by its type, the runs side by side."""
    frames = [spectrum_frame(measured) for measured in evidence]
    types = [frame["module"].str.extract(r"\.(\w+)\.weight$")[0] for frame in frames]
    # Architectures have different types: GLM-4's gate and up are one matrix.
    names = list(dict.fromkeys(name for column in types for name in column))
    width = 0.8 / len(evidence)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for i, (frame, column) in enumerate(zip(frames, types, strict=True)):
            at = column.map(names.index) + (i - (len(evidence) - 1) / 2) * width
            colour, label = styles(evidence)[i]
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
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.4), layout="constrained")
        axes = figure.subplots()
        # What is exactly 0, in an update of few directions, has no place on a log axis.
        axes.set_yscale("log", nonpositive="mask")
        for measured in evidence:
            noise = np.array([module.noise_profile for module in measured[SPECTRUM]], dtype=float)
            axes.plot(PROFILE, np.median(noise, axis=0), color="black", linewidth=1, zorder=1)
            spectra = np.array([module.profile for module in measured[SPECTRUM]], dtype=float)
            median = np.nanmedian(spectra, axis=0)
            axes.plot(PROFILE, median, color=KIND_COLOURS[measured.kind], linewidth=1.2, alpha=0.8)
        for colour, label in by_kind(evidence):
            if label:
                axes.plot([], [], color=colour, label=label)
        axes.plot([], [], color="black", linewidth=1, label="Gaussian of the same shape")
        axes.set_xlabel("index of the singular value, % of min(m, n)")
        axes.set_ylabel("σᵢ / σ₁, median over modules")
        figure.legend(loc="outside lower center", ncols=3)
        svg.save(figure, path)
