"""The order of the report: the paper's sections, each followed by what was measured for it."""

from alpharl_bench.papers.arxiv_2510_00553.claims import (
    ALPHARL,
    BEHAVIOUR,
    POLICY,
    PROPERTY1,
    PROPERTY2,
)
from alpharl_bench.papers.arxiv_2510_00553.sections import (
    behaviour,
    forecast_methods,
    kinds,
    self_play,
    windows,
)
from alpharl_bench.reporting import dynamics
from alpharl_bench.reporting.chapters import Chapter

CHAPTERS = (
    Chapter("Property 1: Rank-1 Dominance (§2)", PROPERTY1),
    Chapter("Behaviour (§2.3, Appendix D)", BEHAVIOUR, [behaviour.sections]),
    Chapter(
        "Property 2: Rank-1 Linear Dynamics (§3)",
        PROPERTY2,
        [dynamics.sections, windows.sections],
    ),
    Chapter(
        "AlphaRL: acceleration (§4)",
        ALPHARL,
        [forecast_methods.sections, kinds.sections, self_play.sections],
    ),
    Chapter("The policy, without sampling", POLICY),
)
