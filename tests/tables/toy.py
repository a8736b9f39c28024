"""A distribution with a table of its own, a claim that reads it, and the suite that judges it."""

TABLE = '''
"""The norm of every layer's update."""

import math

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from alpharl_bench.dynamics import places
from alpharl_bench.tables import Requirements, Table
from alpharl_bench.variants import rank


@dataclass(frozen=True)
class Layer:
    layer: int
    norm: float

    @property
    def columns(self):
        return {"length": self.norm, "early": float(self.layer == 0)}


class LayersTable(Table):
    name = "layers"
    units = "layers"
    entries = {"": ("layer",)}
    stored = TypeAdapter(tuple[Layer, ...])
    empty = ()

    def requires(self, query, steps):
        return Requirements(
            opened=frozenset({None, steps[-1]}), decomposed=frozenset({rank(1, step=steps[-1])})
        )

    def measure(self, run, queries):
        def layers():
            factors = run.updates.factors(None)
            names = list(dict(factors.all(lambda _: 1)))
            norms = {}
            for place in places(names):
                norms.setdefault(place.layer, []).append(factors.module(place.module, 1).norm)
            return tuple(Layer(layer, math.hypot(*found)) for layer, found in norms.items())

        return run.kept("layers", self.stored, layers)

    def rows(self, measured):
        return measured


TABLE = LayersTable()
'''
PAPER = '''
"""A paper with two claims about layers."""

from functools import partial

from alpharl_bench.claims import Claim, Curve, PaperRef, Printed, Threshold
from alpharl_bench.papers import Paper

_claim = partial(
    Claim,
    text="Layers move.",
    paper_ref=PaperRef("9999.00002", "§1"),
    printed=Printed("3", {}),
    formula="mean_l ‖ΔW_l‖",
    statistic_label="mean norm of a layer's update",
    table="layers",
)
MOVE = _claim(
    id="L1",
    title="Every layer moves",
    statistic=lambda m, _: m["length"],
    threshold=Threshold(low=0),
    curve=Curve("layers", lambda _: [], ""),
)
FAR = _claim(
    id="L2",
    title="Every layer moves far",
    statistic=lambda m, _: m["length"],
    threshold=Threshold(low=1e6),
    curve=Curve("far", lambda _: [], ""),
)
PAPER = Paper(
    arxiv="9999.00002",
    title="Layers",
    claims=(MOVE, FAR),
    package="toy_layers",
    suites="toy_layers",
)
'''
SUITE = '''
"""The suite of the claims about layers."""

import pytest

from alpharl_bench.plugin import check

pytestmark = pytest.mark.paper(arxiv="9999.00002")


@pytest.mark.claim(id="L1")
def test_every_layer_moves(verdict):
    check(verdict)


@pytest.mark.claim(id="L2")
def test_every_layer_moves_far(verdict):
    check(verdict)
'''
MODULES = {
    "toy_layers/__init__.py": PAPER,
    "toy_layers/table.py": TABLE,
    "toy_layers/test_layers.py": SUITE,
}
ENTRY_POINTS = {
    "alpharl_bench.tables": {"layers": "toy_layers.table:TABLE"},
    "alpharl_bench.papers": {"layers": "toy_layers:PAPER"},
}
