"""What the windows of Figure 6c hold beside their accuracies."""

import numpy as np
import pandas as pd

from alpharl_bench.claims import Evidence
from alpharl_bench.reporting.session import Session
from alpharl_bench.reporting.tables import markdown
from alpharl_bench.reporting.text import plain
from alpharl_bench.tables.scores import SCORES

_INTRODUCTION = """\
## Windows of modules

The table describes the windows of P2.3. R² is that of accuracy on u₁, with the accuracies on the \
validation questions; *least* is the R² of the window's last module. ‖ΔW‖ is the norm over the \
window's modules divided by that over all modules: a window that holds more of the update changes \
the base by more, whatever its R²."""


def sections(session: Session) -> list[str]:
    """The section of the report, none where no windows were scored."""
    parts = []
    for run in session.runs:
        evidence = session.evidence(run)
        if evidence[SCORES].windows:
            parts += [f"### {plain(run)}", "", markdown(contents(evidence)), ""]
            parts += [_by_norm(evidence), ""]
    return ["\n".join([_INTRODUCTION, "", *parts])] if parts else []


def contents(evidence: Evidence) -> pd.DataFrame:
    """One row per window: its modules, their least R², their part of ‖ΔW‖, its accuracy."""
    return pd.DataFrame(
        [
            {
                "window": held.variant,
                "modules": len(held.modules),
                "of MLPs": held.mlp,
                "least R²": f"{held.least:.3f}",
                "part of ‖ΔW‖": f"{held.norm:.3f}",
                "accuracy": f"{evidence.scores[held.variant].accuracy:.3f}",
            }
            for held in evidence[SCORES].windows
        ]
    )


def _by_norm(evidence: Evidence) -> str:
    accuracies = [evidence.scores[held.variant].accuracy for held in evidence[SCORES].windows]
    parts = [held.norm for held in evidence[SCORES].windows]
    return (
        "Correlation of a window's accuracy with its part of ‖ΔW‖, over all orders: "
        f"{np.corrcoef(parts, accuracies)[0, 1]:.2f}."
    )
