"""The tables of Property 2, from figures of four modules."""

import numpy as np
import pytest

from alpharl_bench.claims import CLAIMS
from alpharl_bench.reporting import dynamics
from alpharl_bench.reporting.figures import draw


@pytest.fixture
def evidence(synthetic):
    return synthetic.evidence({})


def test_r_squared_by_type_beside_its_nulls(evidence):
    frame = dynamics.r_squared(evidence).set_index("modules")
    assert list(frame.index) == ["attention: q", "MLP: up", "all"]
    assert list(frame["R²"]) == ["0.940", "0.930", "0.935"]
    assert set(frame["R² of noise"]) == {"0.500"}
    assert frame.loc["all", "cosine to the next"] == "0.900"
    assert frame.loc["all", "turn to the next"] == "5.0°"


def test_errors_by_method(evidence):
    frame = dynamics.errors(evidence).set_index("predicted by")
    assert frame.loc["PLS at the accuracy"].tolist() == ["0.300", "0.100"]
    assert frame.loc["last checkpoint"].tolist() == ["0.500", "0.200"]


def test_the_map_has_types_and_layers(evidence):
    table = dynamics.r_squared_map(evidence)
    assert list(table.index) == ["q", "up"]
    np.testing.assert_allclose(table.to_numpy(), [[0.95, 0.93], [0.94, 0.92]])


def test_the_map_is_drawn_for_every_run(evidence, tmp_path):
    draw(CLAIMS["P2.1"], [evidence] * 3, tmp_path / "dynamics.png")
    assert (tmp_path / "dynamics.png").stat().st_size > 10_000
