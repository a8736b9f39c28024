"""What the untrained base does where its tokens are chosen in another way: no weight is changed.

A gain that such a baseline has too needed no new skill. A baseline is a variant of the run, scored
on the same questions with the same seeds; its setting is chosen on the validation split.
"""

from alpharl_bench.baselines.bias import Biases, Drawn, fit
from alpharl_bench.baselines.methods import BASELINES, METHODS, Part, named, settings_of
from alpharl_bench.baselines.selection import Baselines, DecodingSelection, strictest

__all__ = [
    "BASELINES",
    "METHODS",
    "Baselines",
    "Biases",
    "DecodingSelection",
    "Drawn",
    "Part",
    "fit",
    "named",
    "settings_of",
    "strictest",
]
