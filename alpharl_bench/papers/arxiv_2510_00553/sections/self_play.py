"""The tables of self-play: win rates over training and what else the matches say (Appendix A)."""

from collections.abc import Iterator

import pandas as pd

from alpharl_bench.claims import Evidence
from alpharl_bench.claims.measures import accuracy
from alpharl_bench.grading import Mark
from alpharl_bench.papers.arxiv_2510_00553.claims.alpharl import TEXT
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import FOLDER
from alpharl_bench.printed import load_tables
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.tables import is_played, markdown
from alpharl_bench.reporting.text import plain
from alpharl_bench.scoring import Score
from alpharl_bench.variants import BASE, FULL, Variant, full_at, rank

#: Win rates against Gemini 2.0 Flash Lite, by the paper's columns of its Table 5 (Appendix A).
_COLUMNS = {
    "win rate": "WinRate",
    "Rank-1 win rate": "Rank-1 WinRate",
    "AlphaRL win rate": "AlphaRL WinRate",
}
_VARIANTS = {"Base": BASE, "Rank-1": rank(1), "Fully trained": FULL}

_INTRODUCTION = """\
## Self-play: win rate and exploitability

A model trained by self-play is evaluated against fixed opponents: in Kuhn Poker the Nash \
equilibrium and a uniformly random player, in Simple Negotiation a scripted trader. Win rates are \
means over games, and a draw does not count as won; the paper's win rates are against Gemini 2.0 \
Flash Lite. The exploitability is the mean payoff of the best responses to the policy at Kuhn \
Poker, in chips per hand: 0 for the equilibrium, 0.458 for the random player."""
_STAGES = (
    "Over training, by the fraction of its steps; the paper's values are those of Qwen3-4B-Base."
)
_MATCHES = """\
By game. *Forbidden* counts matches that the model lost by an illegal move. *Payoff* is the mean \
per match: chips in poker (no player has a positive expected payoff against the equilibrium), 1, \
0 or −1 in the negotiation."""
_POLICY = """\
The policy at Kuhn Poker, from the probabilities of the responses: the probability of the active \
move (bet or call) among the two legal moves, by card and by history (p: pass, b: bet). *Off the \
rules* is the highest probability of all other responses."""


def sections(session: Session) -> list[str]:
    """The section of the report, none where no run was scored on games."""
    parts = []
    for run in session.runs:
        if session.scores_of(run) and is_played(session.evidence(run)):
            parts += [f"### {plain(run)}", "", *_tables(session.evidence(run))]
    return ["\n".join([_INTRODUCTION, "", *parts])] if parts else []


def _tables(evidence: Evidence) -> Iterator[str]:
    tables = {
        _STAGES: stages(evidence),
        _MATCHES: matches(evidence),
        _POLICY: policy(evidence),
    }
    for title, frame in tables.items():
        if not frame.empty:
            yield from (title, "", markdown(frame), "")


def stages(evidence: Evidence) -> pd.DataFrame:
    """The paper's table: a row per stage of which the checkpoint and Rank-1 or AlphaRL are scored.

    It has the paper's stages; those without a checkpoint at that share of the steps are left out.
    """
    last = evidence.steps[-1]
    rows = []
    table = load_tables(FOLDER)["table-5"]
    (block,) = table.blocks
    for label in block.labels:
        percent = int(label.removeprefix("Training ").removesuffix("%"))
        step, rest = divmod(last * percent, 100)
        full, rank1 = _scored(evidence, step, last)
        alpharl = TEXT(percent) if TEXT(percent).label in evidence.scores else None
        if rest or full is None or (rank1 is None and alpharl is None):
            continue
        rows.append(
            {
                "stage": f"{percent} %",
                "step": step,
                "win rate": accuracy(evidence, full),
                "Rank-1 win rate": accuracy(evidence, rank1) if rank1 else "–",
                "AlphaRL win rate": accuracy(evidence, alpharl) if alpharl else "–",
                "exploitability": _exploitability(evidence, full),
                "Rank-1 exploitability": _exploitability(evidence, rank1) if rank1 else "–",
                **{
                    f"paper: {title}": _printed(table.cell(block, label, column))
                    for title, column in _COLUMNS.items()
                },
            }
        )
    return pd.DataFrame(rows)


def _printed(cell: str) -> str:
    return "–" if cell == "-" else cell.replace("%", " %")


def matches(evidence: Evidence) -> pd.DataFrame:
    """One row per game and variant: matches won, lost by a forbidden move, and what they paid."""
    known = list(_known(evidence))
    tasks = known[0][1].tasks if known else ()
    return pd.DataFrame(
        [
            {
                "game": task,
                "variant": name,
                "won": f"{score.task_accuracy(task):.3f}",
                "forbidden": f"{score.task_share(task, Mark.NO_ANSWER):.3f}",
                "payoff": f"{score.task_payoff(task):+.3f}",
            }
            for task in tasks
            for name, score in known
        ]
    )


def policy(evidence: Evidence) -> pd.DataFrame:
    """One row per variant: its policy at Kuhn Poker, and what it can be exploited for."""
    rows = []
    for name, score in _known(evidence):
        read = score.kuhn_policy
        if read is not None:
            moves = {_named(key): f"{active:.2f}" for key, active in read.active.items()}
            rows.append(
                {
                    "variant": name,
                    "exploitability": f"{read.exploitability:.3f}",
                    **moves,
                    "off the rules": f"{max(read.off_rules.values()):.3f}",
                }
            )
    return pd.DataFrame(rows)


def _known(evidence: Evidence) -> Iterator[tuple[str, Score]]:
    for name, variant in _VARIANTS.items():
        if variant.label in evidence.scores:
            yield name, evidence.score(variant)


def _scored(evidence: Evidence, step: int, last: int) -> tuple[Variant | None, Variant | None]:
    """The checkpoint of a step and its Rank-1; of the last one also as the whole run's."""
    asked = ([full_at(step)], [rank(1, step=step)])
    if step == last:
        asked = ([full_at(step), FULL], [rank(1, step=step), rank(1)])
    full, rank1 = (next((v for v in named if v.label in evidence.scores), None) for named in asked)
    return full, rank1


def _exploitability(evidence: Evidence, variant: Variant) -> str:
    read = evidence.score(variant).kuhn_policy
    return "–" if read is None else f"{read.exploitability:.3f}"


def _named(key: str) -> str:
    """An information set as in a table: OpenSpiel's ``2pb`` is K pb."""
    return f"{'JQK'[int(key[0])]} {key[1:]}".rstrip()
