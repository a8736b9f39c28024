"""Tables over runs of different kinds of training: ours, the paper's (Appendix A) between them."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from alpharl_bench.claims import Evidence, Interval, Point
from alpharl_bench.claims.kinds import RL
from alpharl_bench.claims.measures import recovered_gain, relative_accuracy
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.papers.arxiv_2510_00553.claims.appendix_a import APPENDIX_A, RANKS, PrintedKind
from alpharl_bench.papers.arxiv_2510_00553.claims.low_rank import RANK_POINTS
from alpharl_bench.registry import Kind
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.tables import markdown
from alpharl_bench.reporting.text import plain
from alpharl_bench.reporting.views.spectrum import spectrum_frame
from alpharl_bench.tables.spectrum import SPECTRUM
from alpharl_bench.variants import BASE, FULL

#: The paper's order of kinds; self-play stands beside RL.
_ORDER: tuple[Kind, ...] = (*APPENDIX_A, "self-play")
_PAPER = "(paper)"
_LOW_RANK = CLAIMS["P1.8"]

_INTRODUCTION = """\
## Kinds of training side by side

Runs that start from the same model, by kind of training; (paper) marks values of the paper's \
Appendix A, from models of 7 and 8 billion parameters. Intervals are at 95 %, over questions or \
modules."""
_NORMS = """\
Norms of the update, means over modules. The fractions are those of the norm in the first subspace \
and in the first per cent of them; in brackets those of a Gaussian matrix of the same shape."""
_RANKS = "Rank dependence: relative accuracy of Rank-k."
_GAINS = """\
Recovered gain of Rank-k, which a good base does not inflate; the paper gives none."""
_SPECTRA = """\
Approximate low rank: effective and stable rank, means over modules, and the effective rank over \
that of Gaussian matrices of the same shapes. The last column is this ratio minus the mean ratio \
of the RL runs, over the same modules; above 0 the update is less concentrated than RL's."""


def sections(session: Session) -> list[str]:
    """The section of the report, none where no model has runs of two kinds."""
    parts = []
    for model in dict.fromkeys(record.model for record in session.runs.values()):
        runs = _by_kind(session, model)
        if len(set(runs.values())) > 1:
            parts += [f"### {plain(model)}", "", *_tables(session, runs)]
    return ["\n".join([_INTRODUCTION, "", *parts])] if parts else []


def norms(session: Session, runs: dict[str, Kind]) -> pd.DataFrame:
    """The paper's table of norms: one row per run, the paper's own below each kind."""

    def ours(run: str) -> list[str]:
        frame = spectrum_frame(session.evidence(run))
        mean = frame.mean(numeric_only=True)
        return [
            f"{mean['norm']:.4g}",
            *(
                f"{mean[column]:.3f} ({mean[f'noise_{column}']:.3f})"
                for column in ("rank1_fraction", "rank1_percent_fraction")
            ),
        ]

    def printed(kind: PrintedKind) -> list[str]:
        return [f"{kind.norm:g}", f"{kind.rank1_fraction:g}", f"{kind.rank1_percent_fraction:g}"]

    titles = ["average ‖ΔW‖", "Rank-1 fraction (Gaussian)", "Rank-1 % fraction (Gaussian)"]
    rows = _rows(runs, lambda run: ours(run) if session.evidence(run)[SPECTRUM] else None, printed)
    frame = pd.DataFrame(rows, columns=["kind", "run", *titles])
    policy = ["yes" if kind in RL or APPENDIX_A[kind].on_policy else "no" for kind in frame["kind"]]
    frame.insert(2, "on-policy sampling", policy)
    return frame


def rank_dependence(
    session: Session,
    runs: dict[str, Kind],
    measure: Callable[[Evidence, Point], Interval | None],
    *,
    paper: bool,
) -> pd.DataFrame:
    """The paper's table of ranks, by relative accuracy or by recovered gain.

    Args:
        session: the session with the runs.
        runs: the kind of each.
        measure: the measure of a variant.
        paper: whether the paper prints this measure.
    """

    def ours(run: str) -> list[str] | None:
        evidence = session.evidence(run)
        scored = evidence.scores.keys()
        if not {BASE.label, FULL.label} <= scored:
            return None
        return [
            str(measure(evidence, point) or "–") if point.variant.label in scored else "–"
            for point in RANK_POINTS
        ]

    def printed(kind: PrintedKind) -> list[str]:
        return [f"{kind.relative_accuracy[name]:g}" for name in RANKS]

    rows = _rows(runs, ours, printed if paper else None)
    return pd.DataFrame(rows, columns=["kind", "run", *RANKS])


def spectra(session: Session, runs: dict[str, Kind]) -> pd.DataFrame:
    """How concentrated the spectra are, against chance and against the RL runs of the model."""
    ratios = {run: _ratio(session, run) for run in runs}
    rl = [ratio for run, kind in runs.items() if kind in RL and (ratio := ratios[run])]

    def ours(run: str) -> list[str] | None:
        ratio = ratios[run]
        if ratio is None:
            return None
        frame = spectrum_frame(session.evidence(run))
        ranks = (
            f"{frame[column].mean():.1f} ({frame[f'noise_{column}'].mean():.1f})"
            for column in ("effective_rank", "stable_rank")
        )
        return [*ranks, f"{ratio.value:.3f}", _difference(ratio, rl)]

    titles = ["effective rank (Gaussian)", "stable rank (Gaussian)", "ratio", "minus RL"]
    return pd.DataFrame(_rows(runs, ours, None), columns=["kind", "run", *titles])


class _Ratio:
    """P1.8's statistic of one run, and its modules: a fact, without an interval."""

    def __init__(self, evidence: Evidence) -> None:
        self.modules = [module.module for module in evidence[SPECTRUM]]
        self.value = float(_LOW_RANK.statistic(evidence.observed(_LOW_RANK), evidence.steps)[0])


def _ratio(session: Session, run: str) -> _Ratio | None:
    if _LOW_RANK.qualified_id not in session.runs[run].claims:
        return None
    return _Ratio(session.evidence(run))


def _difference(ratio: _Ratio, rl: list[_Ratio]) -> str:
    same = [other for other in rl if other.modules == ratio.modules]
    if not same or ratio in same:
        return "–"
    return f"{ratio.value - np.mean([other.value for other in same]):.3f}"


def _tables(session: Session, runs: dict[str, Kind]) -> Iterator[str]:
    for text, frame in (
        (_NORMS, norms(session, runs)),
        (_RANKS, rank_dependence(session, runs, relative_accuracy, paper=True)),
        (_GAINS, rank_dependence(session, runs, recovered_gain, paper=False)),
        (_SPECTRA, spectra(session, runs)),
    ):
        # What no two runs were judged by is not there to be compared.
        if (frame["run"] != _PAPER).sum() > 1:
            yield from (text, "", markdown(frame), "")


def _by_kind(session: Session, model: str) -> dict[str, Kind]:
    """The kind of every judged run of a model, in the paper's order of kinds."""
    kinds = {
        name: record.kind
        for name, record in session.runs.items()
        if record.model == model and record.claims
    }
    return dict(sorted(kinds.items(), key=lambda item: _ORDER.index(item[1])))


def _rows(
    runs: dict[str, Kind],
    ours: Callable[[str], list[str] | None],
    printed: Callable[[PrintedKind], list[str]] | None,
) -> list[list[str]]:
    """Kind, run and cells: the runs of every kind that have any, then the paper's row of it."""
    rows: list[list[str]] = []
    for kind in dict.fromkeys(runs.values()):
        measured = {run: ours(run) for run, of in runs.items() if of == kind}
        own = [[kind, run, *cells] for run, cells in measured.items() if cells is not None]
        rows += own
        if own and printed and kind in APPENDIX_A:
            rows.append([kind, _PAPER, *printed(APPENDIX_A[kind])])
    return rows
