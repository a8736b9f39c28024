"""What a forecast depends on: the code of its own method, and what all methods share."""

from functools import cache

from alpharl_bench.forecast.registry import method_named
from alpharl_bench.keys import code_digest, imported_sources

#: The packages of this project whose code decides what a method predicts.
_DECISIVE = (
    "alpharl_bench.forecast",
    "alpharl_bench.dynamics",
    "alpharl_bench.spectral",
    "alpharl_bench.variants",
)
#: What chooses among the targets of every method.
_SELECTION = "alpharl_bench.forecast.selection"


@cache
def method_digest(name: str) -> str:
    """A digest of the code that makes a method's forecasts; another method's file is no part of it.

    It counts the module of the method, the modules that it imports and theirs, of the packages
    above and of the method's own distribution, and the selection of targets.

    Raises:
        AlphaRLBenchError: there is no such method.
    """
    module = type(method_named(name).forecaster).__module__
    top = module.partition(".")[0]
    counted = _DECISIVE if top == __name__.partition(".")[0] else (*_DECISIVE, top)
    return code_digest(_SELECTION, *imported_sources(module, counted))
