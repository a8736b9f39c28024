"""How each table is shown under the claims that read it."""

from alpharl_bench.reporting.views.behaviour import BehaviourView
from alpharl_bench.reporting.views.dynamics import DynamicsView
from alpharl_bench.reporting.views.scores import ScoresView
from alpharl_bench.reporting.views.spectrum import SpectrumView
from alpharl_bench.reporting.views.view import View
from alpharl_bench.tables import table

_OWN: dict[str, View] = {
    "scores": ScoresView(),
    "spectrum": SpectrumView(),
    "dynamics": DynamicsView(),
    "behaviour": BehaviourView(),
    "embedding": BehaviourView(),
}


def view_of(name: str) -> View:
    """How a table is shown: by this package's view, its own, or the one that suits any table."""
    if name in _OWN:
        return _OWN[name]
    own = table(name).view
    return own if isinstance(own, View) else View()


__all__ = ["View", "view_of"]
