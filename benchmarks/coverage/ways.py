"""Ways to divide an error among several looks at growing samples."""

from collections.abc import Callable, Mapping

import scipy

from alpharl_bench.scoring.sequential import Analysis, Spending, boundaries

#: From an analysis, the number of planned ones and the two-sided error of all of them to the level
#: of this one.
Way = Callable[[Analysis, int, float], float]


def _spending(spending: Spending) -> Way:
    def level(analysis: Analysis, _: int, error: float) -> float:
        if analysis.alone:
            return error
        return float(2 * scipy.stats.norm.sf(boundaries(analysis.times, error, spending)[-1]))

    return level


#: Those that keep the error.
WAYS: Mapping[str, Way] = {
    "Bonferroni": lambda _, looks, error: error / looks,
    "Pocock's type": _spending("pocock"),
    "O'Brien-Fleming's": _spending("obrien-fleming"),
}


def naive(_: Analysis, __: int, error: float) -> float:
    """The whole error at every look, which does not keep it."""
    return error
