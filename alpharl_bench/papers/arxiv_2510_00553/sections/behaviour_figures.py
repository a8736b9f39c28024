"""The figures of §2.3 and Appendix D: embeddings, critical positions, prefixes, likeness."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alpharl_bench.behaviour import TeacherForced
from alpharl_bench.behaviour.table import PARTS
from alpharl_bench.claims import Claim, Evidence, Interval
from alpharl_bench.claims.measures import measured
from alpharl_bench.papers.arxiv_2510_00553.claims import behaviour as claims
from alpharl_bench.papers.arxiv_2510_00553.sections.behaviour import mean_of, shares
from alpharl_bench.reporting import svg
from alpharl_bench.tables.behaviour import BEHAVIOUR
from alpharl_bench.tables.embedding import EMBEDDING

_BASE, _TRAINED = "#0b6e99", "#d1495b"
_READINGS = {
    claims.READ_BEFORE: "base's greedy",
    claims.READ_AFTER: "trained",
    claims.READ_SAMPLES: "base's samples",
    claims.READ_ELSEWHERE: "trained, of another\nquestion",
    claims.READ_BY_RANK1: "trained, read by\nRank-1",
    **{
        reading: f"trained, read by\nrandom rank-1, {draw}"
        for draw, reading in enumerate(claims.READ_BY_RANDOM)
    },
}
_MODELS = {claims.BEFORE: "base", claims.RANK1: "Rank-1", claims.ALPHARL: "AlphaRL"}


def draw(claim: Claim, evidence: Sequence[Evidence], path: Path, colours: Sequence[str]) -> None:
    """Draw the figure of a claim about chains or embeddings, for every run, into ``path``.

    Args:
        claim: the claim whose figures are drawn.
        evidence: the evidence of every run.
        path: the file of the SVG.
        colours: one per run.
    """
    figure = {
        claims.EMBEDDING: _embeddings,
        claims.READ: _readings,
        claims.PLACES: _places,
        claims.PREFIX: _prefixes,
        claims.ALIKE: _likenesses,
    }[claim.curve](claim, evidence, colours)
    svg.save(figure, path)


def _embeddings(claim: Claim, evidence: Sequence[Evidence], _: Sequence[str]) -> Figure:
    """A row per run: where tokens stand in the base and in the trained model (Figure 5b)."""
    figure = Figure(figsize=(6.4, 0.4 + 3.0 * len(evidence)), layout="constrained")
    for row, run in zip(figure.subplots(len(evidence), 2, squeeze=False), evidence, strict=True):
        shift = run[EMBEDDING]
        if shift is None:
            continue
        for axes, (name, places) in zip(row, shift.pictures.items(), strict=True):
            before, after = np.array(places).reshape(2, -1, 2)
            # One line with gaps: a line each would be most of the file.
            ways = np.stack([before, after, np.full_like(before, np.nan)], axis=1)
            axes.plot(*ways.reshape(-1, 2).T, color="#9a9a9a", linewidth=0.6)
            axes.plot(*before.T, "o", color=_BASE, ms=5, mfc="none", label="base")
            axes.plot(*after.T, "o", color=_TRAINED, ms=2.5, label="trained")
            axes.set_title(f"{run.run}: {name}", fontsize=9, parse_math=False)
            axes.set_xticks([])
            axes.set_yticks([])
        ratio = measured(claim, run, claims.shift)
        row[0].set_xlabel(f"displacement / nearest neighbour: {ratio or '–'}", fontsize=8)
    figure.legend(*row[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _readings(claim: Claim, evidence: Sequence[Evidence], colours: Sequence[str]) -> Figure:
    """Share of non-greedy positions, and perplexity (Figure 12)."""
    figure = Figure(figsize=(6.8, 4.8), layout="constrained")
    panels = figure.subplots(2, sharex=True)
    known = [r for r in _READINGS if _measured(evidence, r)]
    for axes, title, statistic in zip(
        panels,
        ("non-greedy positions", "perplexity to the reader"),
        (claims.non_greedy, claims.perplexity),
        strict=True,
    ):
        for number, (run, colour) in enumerate(zip(evidence, colours, strict=True)):
            values = [
                measured(claim, run, partial(statistic, reading=r)) if _measured([run], r) else None
                for r in known
            ]
            _bars(axes, values, (number, len(evidence)), colour, run.run)
        axes.set_ylabel(title)
    # Nothing is less than sure, and SFT surprises a base a thousand times as much as RL.
    panels[1].set_yscale("log")
    panels[1].set_ylim(bottom=1)
    # A long name ends at its bars.
    names = [_READINGS[r] for r in known]
    panels[1].set_xticks(
        range(len(known)), names, fontsize=7, rotation=30, ha="right", rotation_mode="anchor"
    )
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _places(_: Claim, evidence: Sequence[Evidence], colours: Sequence[str]) -> Figure:
    """Where in the chains the base would have said something else (Figure 13)."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.subplots()
    middle = (np.arange(PARTS) + 0.5) / PARTS
    for run, colour in zip(evidence, colours, strict=True):
        own, chance = (
            shares(run, reading.label) for reading in (claims.READ_AFTER, claims.READ_SAMPLES)
        )
        axes.plot(middle, own, "o-", color=colour, ms=4, label=f"{run.run}: trained")
        axes.plot(middle, chance, "s--", color=colour, ms=3, alpha=0.6, label="base's samples")
    axes.set_xlabel("place in the chain, 0: its first token")
    axes.set_ylabel("share of non-greedy positions")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _prefixes(claim: Claim, evidence: Sequence[Evidence], colours: Sequence[str]) -> Figure:
    """Accuracy of the base from the first n tokens of a chain (Figure 14)."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    for run, colour in zip(evidence, colours, strict=True):
        means = run.observed(claim)
        longest = max(q.columns[claims.RANK1["tokens"]] for q in run[BEHAVIOUR].questions)
        points = [
            (0.0, claims.BEFORE),
            *(
                (float(n), p)
                for n, p in zip(claims.PREFIXES, claims.FROM_PREFIX, strict=True)
                if n < longest
            ),
            (longest, claims.RANK1),
        ]
        values = [measured(claim, run, mean_of(p["right"])) for _, p in points]
        y = np.array([v.estimate for v in values if v])
        reach = np.abs(np.array([[v.low, v.high] for v in values if v]).T - y)
        x = [at for at, _ in points]
        axes.errorbar(x, y, reach, color=colour, marker="o", ms=4, capsize=2, label=run.run)
        axes.axhline(means[claims.AFTER["right"]][0], color=colour, linewidth=0.8)
        for one, marker in ((claims.FROM_RANDOM, "x"), (claims.FROM_ANYWHERE, "D")):
            axes.plot(means[one["given"]], means[one["right"]], marker, color=colour, ms=7)
    axes.plot([], [], color="black", linewidth=0.8, label="fully trained, greedy")
    axes.plot([], [], "x", color="black", label="from the beginning of random rank-1")
    axes.plot([], [], "D", color="black", label="from the trained model's, cut anywhere")
    axes.set_xscale("symlog", linthresh=1, base=2)
    ticks = [0, *claims.PREFIXES]
    shown = [tick for tick in ticks if tick <= axes.get_xlim()[1]]
    axes.set_xticks(shown, map(str, shown))
    axes.set_xlabel("tokens of Rank-1's chain that the base is given; last: all")
    axes.set_ylabel("greedy accuracy")
    axes.set_ylim(0, 1)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _likenesses(claim: Claim, evidence: Sequence[Evidence], colours: Sequence[str]) -> Figure:
    """On how many questions a model begins and answers as the trained one (Table 2)."""
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    both = {claims.like(chains)["both"]: name for chains, name in _MODELS.items()}
    known = [column for column in both if any(_has(run, column) for run in evidence)]
    for number, (run, colour) in enumerate(zip(evidence, colours, strict=True)):
        values = [
            measured(claim, run, mean_of(column)) if _has(run, column) else None for column in known
        ]
        _bars(axes, values, (number, len(evidence)), colour, run.run)
    axes.axhline(claims.LARGELY, color="black", linewidth=0.8)
    axes.set_xticks(range(len(known)), [both[column] for column in known])
    axes.set_ylabel("same beginning and answer")
    axes.set_ylim(0, 1)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _bars(
    axes: Axes,
    values: Sequence[Interval | None],
    slot: tuple[int, int],
    colour: str,
    label: str,
) -> None:
    """Bars of one run, beside those of the others."""
    number, runs = slot
    width = 0.8 / runs
    y = np.array([v.estimate if v else np.nan for v in values])
    reach = [
        [v.estimate - v.low if v else np.nan for v in values],
        [v.high - v.estimate if v else np.nan for v in values],
    ]
    at = np.arange(len(values)) + (number - (runs - 1) / 2) * width
    axes.bar(at, y, width, yerr=reach, color=colour, capsize=min(2, 20 * width), label=label)


def _measured(evidence: Sequence[Evidence], reading: TeacherForced) -> bool:
    return any(_has(run, reading["positions"]) for run in evidence)


def _has(run: Evidence, column: str) -> bool:
    return column in run[BEHAVIOUR].questions[0].columns
