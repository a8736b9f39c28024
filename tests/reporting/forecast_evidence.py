"""Evidence of a run that climbs evenly, with a forecast by every method."""

import numpy as np

from alpharl_bench.claims import Evidence
from alpharl_bench.forecast import Target
from alpharl_bench.forecast.method import ORACLE
from alpharl_bench.forecast.selection import TargetSelection
from alpharl_bench.papers.arxiv_2510_00553.claims import ALPHARL
from alpharl_bench.variants import Variant, forecast, full_at
from tests.evidence import planted
from tests.scores import score_of

STEPS = tuple(range(10, 110, 10))
NAME = "qwen3-facts-grpo"
#: By hundredths: the run climbs evenly from 10 to 80.
ACCURACIES = {"base": 10, "full": 80} | {full_at(s).label: 10 + 7 * s // 10 for s in STEPS}


def choice(variant: Variant) -> TargetSelection:
    targets = tuple(Target(accuracy=g) for g in (0.2, 0.6))
    told = variant.method == ORACLE
    return TargetSelection(
        variant.label,
        variant.method,
        variant.number,
        steps=(10, 20),
        observed=(0.17, 0.24),
        targets=targets[:1] if told else targets,
        accuracies=() if told else (0.25, 0.5),
    )


def evidence_of(run: str = NAME, **changed: int) -> Evidence:
    """Every forecast answers 50 of a hundred, but for methods that say something else at 40 %.

    Those that no claim compares are there if they are named.
    """
    variants = {v for claim in ALPHARL for v in claim.variants(STEPS) if v.kind == "forecast"}
    variants |= {forecast(method.replace("_", "-"), 40) for method in changed}
    named = {
        v: changed.get(v.method.replace("-", "_"), 50) if v.number == 40 else 50 for v in variants
    }
    known = ACCURACIES | {v.label: accuracy for v, accuracy in named.items()}
    scores = {}
    for label, accuracy in known.items():
        marks = np.zeros((20, 50), dtype=int)
        marks.flat[: 10 * accuracy] = 1
        asked = {f"q{i}": "".join(map(str, row)) for i, row in enumerate(marks.T)}
        scores[label] = score_of(label, dict.fromkeys(("addition", "chain"), asked), run=run)
    ordered = sorted(variants, key=lambda v: (v.number, v.method))
    return planted(run, STEPS, scores, choices=[choice(v) for v in ordered], evaluation=1.5)
