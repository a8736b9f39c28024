"""Predicting a trained model from the first part of its training (§4 and its baselines)."""

from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Quality, Target
from alpharl_bench.forecast.method import Method, forecast_method
from alpharl_bench.forecast.prefix import Prefix, observe
from alpharl_bench.forecast.registry import all_methods, method_named, title_of

__all__ = [
    "Fitted",
    "Forecaster",
    "Method",
    "Prefix",
    "Quality",
    "Target",
    "all_methods",
    "forecast_method",
    "method_named",
    "observe",
    "title_of",
]
