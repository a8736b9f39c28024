"""Predicting a trained model from the first part of its training (§4 and the rival methods)."""

from collections.abc import Mapping
from types import MappingProxyType

from alpharl_bench.forecast.alpharl import AlphaRL
from alpharl_bench.forecast.choice import ORACLE
from alpharl_bench.forecast.expo import ExPO
from alpharl_bench.forecast.first_update import FirstUpdate
from alpharl_bench.forecast.forecaster import Fitted, Forecaster, Quality, Target
from alpharl_bench.forecast.last_checkpoint import LastCheckpoint
from alpharl_bench.forecast.next import NExt
from alpharl_bench.forecast.prefix import Prefix, observe
from alpharl_bench.forecast.rank1_last import Rank1Last
from alpharl_bench.forecast.rank1_sigma import Rank1Sigma
from alpharl_bench.forecast.relex import RELEX
from alpharl_bench.forecast.rlvr_logits import RLVRLogits
from alpharl_bench.forecast.rlvr_weights import RLVRWeights

#: Every method with its default settings, by name.
FORECASTERS: Mapping[str, Forecaster] = MappingProxyType(
    {
        "alpharl": AlphaRL(),
        "alpharl-matched": AlphaRL(norm_matched=True),
        "alpharl-code": AlphaRL(anchor="checkpoint"),
        "relex": RELEX(),
        "rlvr-weights": RLVRWeights(),
        "expo": ExPO(),
        "first-update": FirstUpdate(),
        "next": NExt(),
        "last-checkpoint": LastCheckpoint(),
        "rank1-last": Rank1Last(),
        "rank1-sigma": Rank1Sigma(),
    }
)

#: What is scored, but makes no model for use: one is told the end, the other has no weights.
SCORED_ONLY: Mapping[str, Forecaster] = MappingProxyType(
    {ORACLE: AlphaRL(), "rlvr-logits": RLVRLogits()}
)

__all__ = [
    "FORECASTERS",
    "SCORED_ONLY",
    "Fitted",
    "Forecaster",
    "Prefix",
    "Quality",
    "Target",
    "observe",
]
