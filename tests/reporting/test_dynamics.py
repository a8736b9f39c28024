"""The tables of Property 2, from figures of four modules."""

from dataclasses import replace

import numpy as np
import pytest

from alpharl_bench.claims import CLAIMS
from alpharl_bench.reporting import dynamics, write_report
from alpharl_bench.reporting.figures import draw
from tests.scores import session_of


@pytest.fixture
def evidence(synthetic):
    return synthetic.evidence({"full": 0.9, "base": 0.2})


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


def test_the_report_has_the_section_once_and_only_of_runs_that_were_measured(
    synthetic, evidence, tmp_path
):
    claims = ["P2.1", "P2.4"]
    session_of([synthetic.subject], {synthetic.name: evidence}, {synthetic.name: claims}).save(
        tmp_path
    )
    text = write_report(tmp_path).read_text()
    assert text.count("## Dynamics of the Rank-1 Subspace") == 1
    assert text.count("| PLS at the accuracy |") == 1
    assert "null: random walk" in text
    without = replace(evidence, dynamics=[])
    session_of([synthetic.subject], {synthetic.name: without}, {synthetic.name: ["P1.1"]}).save(
        tmp_path
    )
    assert "Dynamics of the Rank-1" not in write_report(tmp_path).read_text()
