"""What a forecast depends on: the code of its own method, and what all methods share."""

from functools import cache

from alpharl_bench.forecast.registry import method_named
from alpharl_bench.keys import product_key
from alpharl_bench.source_code import code_digest, imported_sources

#: The packages of this project in which a method's own code is looked for, beside its module.
_DECISIVE = (
    "alpharl_bench.forecast",
    "alpharl_bench.dynamics",
    "alpharl_bench.spectral",
    "alpharl_bench.variants",
)


@cache
def method_digest(name: str) -> str:
    """A key of what makes a method's forecasts; another method's file is no part of it.

    It counts what all methods share, and of the method its module, the modules that this imports
    and theirs, of the packages above and of the method's own distribution.

    Raises:
        AlphaRLBenchError: there is no such method.
    """
    module = type(method_named(name).forecaster).__module__
    top = module.partition(".")[0]
    counted = _DECISIVE if top == __name__.partition(".")[0] else (*_DECISIVE, top)
    return product_key("forecast", method=code_digest(*imported_sources(module, counted)))
