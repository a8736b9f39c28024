"""A plugin for sessions of tests, ``-p tests.plugin.noted``: every score that is made is noted.

That is a line in the file that the environment names as NOTED.
"""

import os
from pathlib import Path
from typing import Any

from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import Variant

_genuine = ScoringEngine.measured_score


def _noted(engine: ScoringEngine, variant: Variant, *asked: Any) -> Any:
    with Path(os.environ["NOTED"]).open("a", encoding="utf-8") as file:
        file.write(f"{(variant.label, *asked)}\n")
    return _genuine(engine, variant, *asked)


ScoringEngine.measured_score = _noted  # type: ignore[method-assign]
