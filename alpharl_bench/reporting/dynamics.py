"""The section on Property 2: what is linear in which sense, beside what nothing scores."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from alpharl_bench.cache import content_key
from alpharl_bench.claims import Evidence
from alpharl_bench.dynamics import NULLS, ModuleDynamics
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.tables import markdown
from alpharl_bench.reporting.text import plain
from alpharl_bench.tables.dynamics import DYNAMICS

_INTRODUCTION = """\
## Dynamics of the Rank-1 Subspace

R² is that of accuracy on u₁ over all checkpoints, in sample (§3.1), beside the mean over draws \
of each null. The cosine is that of u₁ with the next checkpoint's u₁, which determines the sign: \
near 0 the sign is arbitrary. The turn is the angle between the two. Both columns are medians."""
_SENSES = """\
**What "linear" means.** Papers define linearity differently. The table gives means over modules, \
beside those of a random walk with the module's step lengths, a path without drift. *Straight* is \
the value of a straight path of constant speed. In the first row the straight path has the step \
lengths of u₁ instead: its R² is below 1 because accuracy is not proportional to the distance, \
and a curved path can have a higher R². *Beyond the walk* counts the modules that are more linear \
than their own walk: if it is about half of them, the measure shows no drift. A path with drift \
need not be a line: compare with *straight*."""
_ERRORS = """\
The end of training predicted from its first 40 %, as means over modules. For the vector x = \
σ₁u₁: the relative error ‖x̂ − x‖/‖x‖ (0 is perfect, x̂ = 0 has 1), the cosine of x̂ and x, and \
the ratio ‖x̂‖/‖x‖. For the accuracy: |ŷ − y|. The paper's regression (*PLS at the accuracy*) \
receives the accuracy at the end, and its ŷ is computed from the true x: neither is a forecast. \
The other methods receive only the step. A method that is no better than the last checkpoint, or \
whose accuracy is no better than a line through the accuracies alone, has predicted nothing."""
#: Characters of a run's name in the name of a file.
_LONGEST_NAME = 100
_PICTURES = """\
PCA to 50 components, then t-SNE, as Figure 6a of the paper: the modules of MLP and attention \
with the highest and the lowest R². Shaded: a random walk with the same module's step lengths, \
embedded in the same way. **A random walk is a smooth curve too**, because t-SNE keeps neighbours \
together, and on any path neighbours in time are near. A smooth curve with ordered colours \
therefore says only that each checkpoint continues from the previous one. Lengths, bends and \
zigzags are artefacts of t-SNE: the axes have no unit. Each picture shows one walk; the table \
above has means over draws."""


@dataclass(frozen=True)
class _Sense:
    """A row of the table of measures: what is linear, by whom, and how its figures are written."""

    what: str
    source: str
    key: str
    unit: str = "{:.3f}"
    straight: float = 1.0


_NEXT = "NExt, 2604.11446"
_SENSES_OF_OTHERS = (
    _Sense("R² against the step: ΔW along its leading direction", "RELEX, 2605.21468", "RELEX"),
    _Sense("share of ΔW's path along that direction", "RELEX, 2605.21468", "RELEX, share"),
    _Sense(
        "R² against the step: every weight, mean", "RLVR-Linearity, 2601.04537", "weights, mean"
    ),
    _Sense("the same, median", "RLVR-Linearity, 2601.04537", "weights, median"),
    _Sense("the same, share of weights ≥ 0.7", "RLVR-Linearity, 2601.04537", "weights, above 0.7"),
    _Sense(
        "the same, of the weights its authors select",
        "RLVR-Linearity, 2601.04537",
        "selected weights, above 0.7",
    ),
    _Sense("turn of u₁ to the next checkpoint", _NEXT, "turn of u₁", "{:.1f}°", 0),
    _Sense("turn of v₁ to the next checkpoint", _NEXT, "turn of v₁", "{:.1f}°", 0),
    _Sense("turn of u₁, first to last", _NEXT, "turn of u₁, first to last", "{:.1f}°", 0),
    _Sense("turn of v₁, first to last", _NEXT, "turn of v₁, first to last", "{:.1f}°", 0),
    _Sense("R² against the step: u₁'s first component", "AlphaRL, Figure 6a", "smoothness"),
)


def sections(session: Session) -> list[str]:
    """The section of the report, none where no dynamics were measured."""
    parts = []
    for run in session.runs:
        evidence = session.evidence(run)
        if evidence[DYNAMICS]:
            parts += [f"### {plain(run)}", "", markdown(r_squared(evidence)), ""]
            parts += [_SENSES, "", markdown(senses(evidence)), ""]
            parts += [_ERRORS, "", markdown(errors(evidence)), ""]
            if pictured(evidence):
                picture = f"![Trajectories of {plain(run)}](figures/{picture_name(run)})"
                parts += [_PICTURES, "", picture, ""]
    return ["\n".join([_INTRODUCTION, "", *parts])] if parts else []


def pictured(evidence: Evidence) -> list[ModuleDynamics]:
    """The modules whose trajectories were embedded: block by block, by falling R²."""
    embedded = [module for module in evidence[DYNAMICS] if module.pictures]
    return sorted(embedded, key=lambda module: (module.block, -module.r_squared))


def picture_name(run: str) -> str:
    """The file of a run's trajectories; a name of the user's may hold what a link may not."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]", "_", run)
    # Two names may be alike when cleaned, and one too long for a file.
    if cleaned != run or len(run) > _LONGEST_NAME:
        cleaned = f"{cleaned[:_LONGEST_NAME]}-{content_key(run=run)}"
    return f"trajectories-{cleaned}.svg"


def r_squared(evidence: Evidence) -> pd.DataFrame:
    """One row per type of module, and one of all: R², its nulls, how sure signs are, how u₁ turns.

    Means over modules; of the cosine and the angle medians.
    """
    groups: dict[str, list[ModuleDynamics]] = {}
    for module in evidence[DYNAMICS]:
        groups.setdefault(f"{module.block}: {module.kind}", []).append(module)
    groups["all"] = [*evidence[DYNAMICS]]
    return pd.DataFrame(
        [
            {
                "modules": name,
                "R²": _mean([m.r_squared for m in group]),
                **{f"R² of {null}": _mean([m.null_mean(null) for m in group]) for null in NULLS},
                "cosine to the next": f"{np.median([m.alignment for m in group]):.3f}",
                "turn to the next": f"{np.median([m.turned for m in group]):.1f}°",
            }
            for name, group in groups.items()
        ]
    )


def senses(evidence: Evidence) -> pd.DataFrame:
    """One row per measure: of the run, of random walks, and of what is straight."""
    modules = evidence[DYNAMICS]
    straight = _mean([m.straight_r_squared for m in modules])
    rows = [
        _sense(
            _Sense("R² of accuracy on u₁, by PLS in sample", "AlphaRL, §3.1", ""),
            [(m.r_squared, m.null_mean("random walk")) for m in modules],
        )
        | {"straight": straight}
    ]
    for sense in _SENSES_OF_OTHERS:
        nothing = float("nan")  # Weights are selected by their dtype: a walk has none.
        pairs = [(m.others[sense.key], m.others_of_walk.get(sense.key, nothing)) for m in modules]
        rows.append(_sense(sense, pairs))
    return pd.DataFrame(rows)


def _sense(sense: _Sense, pairs: list[tuple[float, float]]) -> dict[str, str]:
    own, walk = np.transpose(pairs)
    known = np.isfinite(own) & np.isfinite(walk)
    beyond = int(((own > walk) if sense.straight else (own < walk))[known].sum())
    return {
        "what is linear": sense.what,
        "source": sense.source,
        "this run": _mean(own, sense.unit),
        "random walk": _mean(walk, sense.unit),
        "straight": sense.unit.format(sense.straight),
        "beyond the walk": f"{beyond} of {known.sum()}" if known.any() else "–",
    }


def errors(evidence: Evidence) -> pd.DataFrame:
    """One row per method: how far it was off at the end of training, from the first 40 % of it."""
    parts: dict[str, Callable[[ModuleDynamics], dict[str, float]]] = {
        "error of σ₁u₁": lambda m: m.error,
        "cosine": lambda m: m.cosine,
        "norm ratio": lambda m: m.norm_ratio,
        "error of the accuracy": lambda m: m.accuracy_error,
    }
    return pd.DataFrame(
        [
            {
                "predicted by": method,
                **{
                    name: _mean([part(m)[method] for m in evidence[DYNAMICS]])
                    for name, part in parts.items()
                },
            }
            for method in evidence[DYNAMICS][0].error
        ]
    )


def r_squared_map(evidence: Evidence) -> pd.DataFrame:
    """Types of modules × layers: R², NaN where a layer has no such module."""
    frame = pd.DataFrame([(m.kind, m.depth, m.r_squared) for m in evidence[DYNAMICS]])
    table = frame.pivot_table(index=0, columns=1, values=2, sort=False)
    ordered: pd.DataFrame = table[sorted(table.columns)].set_axis(range(table.shape[1]), axis=1)
    return ordered


def _mean(values: Sequence[float], unit: str = "{:.3f}") -> str:
    """The mean, or a dash where a module has none."""
    mean = np.mean(values)
    return "–" if np.isnan(mean) else unit.format(mean)
