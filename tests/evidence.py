"""Evidence with chosen tables, for tests of what is made from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alpharl_bench.baselines import METHODS, DecodingSelection
from alpharl_bench.claims import Evidence
from alpharl_bench.registry import Kind
from alpharl_bench.scoring import Score
from alpharl_bench.tables.scores import SCORES

#: What is kept beside the scores in their table.
_BESIDE = ("scores", "choices", "windows", "decodings", "evaluation")


def planted(
    run: str,
    steps: Sequence[int],
    scores: Mapping[str, Score] | None = None,
    kind: Kind = "RL",
    **tables: Any,
) -> Evidence:
    """Evidence of these scores and of other tables by name; parts of the scores' go by theirs."""
    return altered(Evidence(run, steps, {}, kind), scores=scores or {}, **tables)


def altered(evidence: Evidence, **parts: Any) -> Evidence:
    """The same evidence with another run, kind, table, or part of the table of scores."""
    whole = {name: parts.pop(name) for name in ("run", "kind") if name in parts}
    beside = {name: parts.pop(name) for name in _BESIDE if name in parts}
    sequences = {name: tuple(of) if isinstance(of, list) else of for name, of in beside.items()}
    tables = {name: tuple(of) if isinstance(of, list) else of for name, of in parts.items()}
    scores = replace(evidence[SCORES], **sequences)
    return replace(evidence, **whole, tables={**evidence.tables, "scores": scores, **tables})


def chosen(**accuracies: float) -> list[DecodingSelection]:
    """The settings of all baselines, by their accuracies on the validation split; 0.1 if unsaid.

    Names are those of the ways, with ``_`` for a space.
    """
    known = {name.replace("_", " "): of for name, of in accuracies.items()}
    return [
        DecodingSelection(method, ("as asked",), (known.get(method, 0.1),)) for method in METHODS
    ]
