"""What `alpharl-bench extract` prints: what was taken, and what rounding leaves of it."""

from pathlib import Path

import pandas as pd

from alpharl_bench.reporting.tables import markdown
from alpharl_bench.variants import Variant
from alpharl_bench.variants.extract import RECORD, Extraction
from alpharl_bench.variants.rounding import FORMATS

_READS = (
    "Rounding of the update in each format. norm kept: the part of the update's norm that survives "
    "along its own direction; error: the norm of what rounding adds, over that of the update; "
    "weights changed: by the update as stored."
)


def describe(extraction: Extraction, variant: Variant, folder: Path) -> str:
    """A few lines and a table for the terminal."""
    worst = max(module.residual for module in extraction.modules)
    taken = (
        f"{folder}: {variant.label} of {len(extraction.modules)} matrices; ‖ΔW‖ = "
        f"{extraction.norm:.4g}, of which these subspaces hold {extraction.captured:.1%} before "
        f"they are scaled; largest residual {worst:.1e} σ₁"
    )
    lines = [
        taken,
        *(f"Of the checkpoint: {line}" for line in extraction.coverage.lines()),
        "",
        _READS,
        "",
        markdown(_table(extraction)),
    ]
    if extraction.unconverged:
        lines += [
            "",
            f"WARNING: not within the tolerance: {', '.join(extraction.unconverged)}",
        ]
    return "\n".join([*lines, "", f"Module by module: {folder / RECORD}"])


def _table(extraction: Extraction) -> pd.DataFrame:
    rows = []
    for form in FORMATS:
        rounding = extraction.rounding(form)
        rows.append(
            {
                "format": form,
                "dtype": extraction.dtypes[form],
                "norm kept": f"{rounding.kept:.4f}",
                "error / norm": f"{rounding.error:.2e}",
                "weights changed": f"{rounding.changed_share:.1%}",
            }
        )
    return pd.DataFrame(rows)
