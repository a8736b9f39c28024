"""What training does to a model's words: tables of §2.3, Appendix D and Table 2 of the paper."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter

import numpy as np
import pandas as pd

from alpharl_bench.behaviour import Chains, Continuation
from alpharl_bench.behaviour.embedding import EmbeddingShift
from alpharl_bench.claims import Claim, Curve, Evidence
from alpharl_bench.claims.measures import measured
from alpharl_bench.papers.arxiv_2510_00553.claims import behaviour as claims
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.tables import markdown
from alpharl_bench.reporting.text import plain
from alpharl_bench.tables import Means
from alpharl_bench.tables.behaviour import BEHAVIOUR
from alpharl_bench.tables.embedding import EMBEDDING

_TOKENS = """\
## Critical tokens

Positions in the trained model's greedy chains at which the base's greedy token differs (Appendix \
D, Figure 13): the token of the chain, the base's token, the number of occurrences, the number at \
the beginning of a chain, and the mean relative position, from 0 (first token) to 1. The table has \
the most frequent pairs. Texts are the model's own."""
_EXAMPLES = """\
## Answers side by side

Greedy answers as in Table 2 of the paper; ✓ marks right answers. *Chosen* are questions that the \
trained model answers and the base does not; the others are drawn at random. Model outputs are \
shown unchanged, up to a maximum length. Questions that must not be printed are left out."""


def figures(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """What a claim's statistic is made of, for one run."""
    return FIGURES[claim.curve](claim, evidence)


def sections(session: Session) -> list[str]:
    """Critical tokens and answers side by side, of the runs that they were measured on."""
    critical, answers = [], []
    for run in session.runs:
        behaviour = session.evidence(run)[BEHAVIOUR]
        if behaviour.tokens:
            critical += [f"### {plain(run)}", "", markdown(tokens(session.evidence(run))), ""]
        if behaviour.examples:
            answers += [f"### {plain(run)}", "", markdown(examples(session.evidence(run))), ""]
    parts = ((_TOKENS, critical), (_EXAMPLES, answers))
    return ["\n".join([title, "", *lines]) for title, lines in parts if lines]


def seen(text: str) -> str:
    """A model's text as it is seen in a cell, where all markup becomes text.

    A line break is ⏎, a blank at an end ␣, what does not print �.
    """
    shown = "".join(c if c.isprintable() else "�" for c in text.replace("\n", "⏎"))
    inner = shown.strip(" ")
    before = len(shown) - len(shown.lstrip(" "))
    after = len(shown) - len(inner) - before if inner else 0
    return f"{'␣' * before}{inner}{'␣' * after}" or "(empty)"


def tokens(evidence: Evidence) -> pd.DataFrame:
    """One row per pair of written and chosen token."""
    return pd.DataFrame(
        [
            {
                "written": seen(pair.written),
                "the base's choice": seen(pair.chosen),
                "times": pair.count,
                "at the beginning": pair.early,
                "mean place": f"{pair.place:.2f}",
            }
            for pair in evidence[BEHAVIOUR].tokens
        ]
    )


def examples(evidence: Evidence) -> pd.DataFrame:
    """One row per question, a column per model."""
    return pd.DataFrame(
        [
            {
                "question": seen(example.prompt),
                "": "chosen" if example.chosen else "drawn",
                **{
                    answer.chains: f"{'✓' if answer.right else '✗'} {seen(answer.text)}"
                    for answer in example.answers
                },
            }
            for example in evidence[BEHAVIOUR].examples
        ]
    )


def mean_of(column: str) -> Callable[[Means], np.ndarray]:
    """The mean of a column as a statistic."""
    return itemgetter(column)


def readings(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """One row per reading: its length, the share that is not greedy, and the perplexity."""
    rows = []
    for reading in (*claims.READINGS, claims.READ_BY_RANK1, *claims.READ_BY_RANDOM):
        if reading["positions"] not in evidence[BEHAVIOUR].questions[0].columns:
            continue
        cells: dict[str, Callable[[Means], np.ndarray]] = {
            "tokens a chain": mean_of(reading["positions"]),
            "non-greedy": partial(claims.non_greedy, reading=reading),
            "perplexity": partial(claims.perplexity, reading=reading),
        }
        rows.append({"reading": reading.label, **_cells(claim, evidence, cells)})
    return pd.DataFrame(rows)


def places(_: Claim, evidence: Evidence) -> pd.DataFrame:
    """One row per reading: the share that is not greedy in each tenth of the chains."""
    return pd.DataFrame(
        [
            {
                "reading": reading.label,
                **{
                    f"{10 * part}–{10 * (part + 1)} %": "–" if np.isnan(share) else f"{share:.3f}"
                    for part, share in enumerate(shares(evidence, reading.label))
                },
            }
            for reading in (claims.READ_AFTER, claims.READ_SAMPLES)
        ]
    )


def shares(evidence: Evidence, reading: str) -> np.ndarray:
    """(PARTS,) the share that is not greedy by place in the chain; NaN where no token stands."""
    found = evidence[BEHAVIOUR].places[reading]
    with np.errstate(invalid="ignore"):
        share: np.ndarray = np.array(found.other) / np.array(found.positions)
    return share


def prefixes(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """One row per prefix that the base goes on from: tokens given, accuracy, part of the gain."""
    rows: list[tuple[str, Chains | Continuation, str | None]] = [
        ("nothing given: greedy base", claims.BEFORE, None),
        *((f"{p.cut} tokens of Rank-1", p, p["given"]) for p in claims.FROM_PREFIX),
        ("all of Rank-1", claims.RANK1, claims.RANK1["tokens"]),
        ("the beginning of Rank-1", claims.FROM_RANK1, claims.FROM_RANK1["given"]),
        (
            "control: the beginning of random rank-1",
            claims.FROM_RANDOM,
            claims.FROM_RANDOM["given"],
        ),
        (
            "control: fully trained, cut anywhere",
            claims.FROM_ANYWHERE,
            claims.FROM_ANYWHERE["given"],
        ),
        ("greedy fully trained", claims.AFTER, claims.AFTER["tokens"]),
    ]
    means = evidence.observed(claim)
    return pd.DataFrame(
        [
            {
                "the base goes on from": name,
                "tokens given": "0" if given is None else f"{means[given][0]:.1f}",
                **_cells(
                    claim,
                    evidence,
                    {
                        "accuracy": mean_of(one["right"]),
                        "part of the gain": partial(claims.gain_from, prefix=one),
                    },
                ),
            }
            for name, one, given in rows
        ]
    )


def likenesses(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """One row per model: on how many questions it begins and answers as the trained model."""
    models: Sequence[Chains] = (claims.BEFORE, claims.RANK1, claims.ALPHARL)
    columns = evidence[BEHAVIOUR].questions[0].columns
    known = [(chains, claims.like(chains)) for chains in models]
    return pd.DataFrame(
        [
            {
                "model": chains.label,
                **_cells(
                    claim,
                    evidence,
                    {
                        "same beginning": mean_of(one["start"]),
                        "same answer": mean_of(one["answer"]),
                        "both": mean_of(one["both"]),
                        "accuracy": mean_of(chains["right"]),
                    },
                ),
            }
            for chains, one in known
            if one["both"] in columns
        ]
    )


def embedding(claim: Claim, evidence: Evidence) -> pd.DataFrame:
    """How far the token embeddings moved, in several measures."""
    found = _shift_of(evidence)
    cells: dict[str, object] = {
        "tokens measured": len(found.tokens),
        "mean displacement": f"{_mean(found, 'displacement'):.4g}",
        "mean distance to the nearest neighbour": f"{_mean(found, 'neighbour'):.4g}",
        "their ratio": measured(claim, evidence, claims.shift) or "–",
        "ratio of the largest displacement": f"{_largest(found):.3f}",
        "‖ΔE‖/‖E‖": f"{found.relative:.4f}",
        "median ‖ΔW‖/‖W‖ of the other modules": f"{found.modules:.4f}",
        "part of the displacement that all tokens share": f"{found.common:.3f}",
    }
    return pd.DataFrame([{"": name, "ours": value} for name, value in cells.items()])


def _shift_of(evidence: Evidence) -> EmbeddingShift:
    shift = evidence[EMBEDDING]
    if shift is None:
        raise ValueError(f"run '{evidence.run}': its embeddings were not measured")
    return shift


def _mean(found: EmbeddingShift, column: str) -> float:
    return float(np.mean([token.columns[column] for token in found.tokens]))


def _largest(found: EmbeddingShift) -> float:
    """The displacement of the token that moved most over the mean distance to a neighbour."""
    return max(token.displacement for token in found.tokens) / _mean(found, "neighbour")


def _cells(
    claim: Claim, evidence: Evidence, statistics: Mapping[str, Callable[[Means], np.ndarray]]
) -> dict[str, object]:
    return {name: measured(claim, evidence, of) or "–" for name, of in statistics.items()}


#: By the curve of a claim, what its statistic is made of.
FIGURES: dict[Curve, Callable[[Claim, Evidence], pd.DataFrame]] = {
    claims.EMBEDDING: embedding,
    claims.READ: readings,
    claims.PLACES: places,
    claims.PREFIX: prefixes,
    claims.ALIKE: likenesses,
}
