"""The forecasters that every test of a forecaster's contract runs on: all that are installed."""

from alpharl_bench.forecast import Forecaster, all_methods

#: By name, without those that are only scored.
FORECASTERS: dict[str, Forecaster] = {
    name: method.forecaster for name, method in all_methods().items() if not method.scored_only
}
#: The names of those among them that this package brings, of which tests know what they predict.
OWN = [
    name
    for name, found in FORECASTERS.items()
    if type(found).__module__.startswith("alpharl_bench.")
]
