"""The tables of Property 2: R² by type of module beside its nulls, and errors of forecasts."""

import numpy as np
import pandas as pd

from alpharl_bench.claims import Evidence
from alpharl_bench.dynamics import NULLS, ModuleDynamics
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.tables import markdown

_INTRODUCTION = """\
## Dynamics of the Rank-1 Subspace

R² is of accuracy on u₁ over all checkpoints, in sample (§3.1), beside the mean over draws of each \
null. The cosine is that of u₁ with the next checkpoint's, by which signs were chosen: near 0 the \
sign is a matter of chance. The turn is the angle between the two. Medians of both."""
_ERRORS = """\
The end of training predicted from its first 40 %, the mean over modules: ‖x̂ − x‖/‖x‖ of \
x = σ₁u₁, and |ŷ − y| of the accuracy. The paper's regression (*PLS at the accuracy*) is told the \
accuracy at the end; the others are told the step. A method that is no better than the last \
checkpoint has predicted nothing."""


def sections(session: Session) -> list[str]:
    """The section of the report, none where no dynamics were measured."""
    parts = []
    for run in session.runs:
        evidence = session.evidence(run)
        if evidence.dynamics:
            parts += [f"### {run}", "", markdown(r_squared(evidence)), ""]
            parts += [_ERRORS, "", markdown(errors(evidence)), ""]
    return ["\n".join([_INTRODUCTION, "", *parts])] if parts else []


def r_squared(evidence: Evidence) -> pd.DataFrame:
    """One row per type of module, and one of all: R², its nulls, how sure signs are, how u₁ turns.

    Means over modules; of the cosine and the angle medians.
    """
    groups: dict[str, list[ModuleDynamics]] = {}
    for module in evidence.dynamics:
        groups.setdefault(f"{module.block}: {module.kind}", []).append(module)
    groups["all"] = list(evidence.dynamics)
    return pd.DataFrame(
        [
            {
                "modules": name,
                "R²": _mean([m.r_squared for m in group]),
                **{
                    f"R² of {null}": _mean([m.null_r_squared[null] for m in group])
                    for null in NULLS
                },
                "cosine to the next": f"{np.median([m.alignment for m in group]):.3f}",
                "turn to the next": f"{np.median([m.turned for m in group]):.1f}°",
            }
            for name, group in groups.items()
        ]
    )


def errors(evidence: Evidence) -> pd.DataFrame:
    """One row per method: how far it was off at the end of training, from the first 40 % of it."""
    return pd.DataFrame(
        [
            {
                "predicted by": method,
                "error of σ₁u₁": _mean([m.error[method] for m in evidence.dynamics]),
                "error of the accuracy": _mean(
                    [m.accuracy_error[method] for m in evidence.dynamics]
                ),
            }
            for method in evidence.dynamics[0].error
        ]
    )


def r_squared_map(evidence: Evidence) -> pd.DataFrame:
    """Types of modules × layers: R², NaN where a layer has no such module."""
    frame = pd.DataFrame([(m.kind, m.depth, m.r_squared) for m in evidence.dynamics])
    table = frame.pivot_table(index=0, columns=1, values=2, sort=False)
    ordered: pd.DataFrame = table[sorted(table.columns)].set_axis(range(table.shape[1]), axis=1)
    return ordered


def _mean(values: list[float]) -> str:
    return f"{np.mean(values):.3f}"
