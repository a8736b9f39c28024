"""The tables of Property 2, from figures of four modules."""

import re

import numpy as np
import pytest

from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.reporting import dynamics, load_session, write_report
from alpharl_bench.reporting.views import view_of
from alpharl_bench.tables.dynamics import DYNAMICS
from tests.evidence import altered
from tests.reporting.pictures import picture
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
    names = ["error of σ₁u₁", "cosine", "norm ratio", "error of the accuracy"]
    assert list(frame.columns) == names
    assert frame.loc["PLS at the accuracy"].tolist() == ["0.300", "0.800", "1.250", "0.100"]
    assert frame.loc["last checkpoint"].tolist() == ["0.500", "0.800", "1.250", "0.200"]
    # What knows of no weights has no vector.
    assert frame.loc["accuracies alone"].tolist() == ["–", "–", "–", "0.400"]


def test_every_sense_of_linear_beside_its_walk(evidence):
    frame = dynamics.senses(evidence)
    assert list(dict.fromkeys(frame["source"])) == [
        "AlphaRL, §3.1",
        "RELEX, 2605.21468",
        "RLVR-Linearity, 2601.04537",
        "NExt, 2604.11446",
        "AlphaRL, Figure 6a",
    ]
    columns = ["this run", "random walk", "straight", "beyond the walk"]
    rows = frame.set_index("what is linear")[columns].apply(list, axis=1)
    # R² of 0.95 … 0.92 against 0.5; 0.75 against walks of 0.5, 0.7, 0.9 and 1.1, mean 0.8.
    assert rows["R² of accuracy on u₁, by PLS in sample"] == ["0.935", "0.500", "0.600", "4 of 4"]
    relex = "R² against the step: ΔW along its leading direction"
    assert rows[relex] == ["0.750", "0.800", "1.000", "2 of 4"]
    # A small turn is the linear one: 0.75° is less than 0.9° and 1.1°.
    assert rows["turn of u₁, first to last"] == ["0.8°", "0.8°", "0.0°", "2 of 4"]
    selected = "the same, of the weights its authors select"
    assert rows[selected] == ["0.750", "–", "1.000", "–"]


def test_the_map_has_types_and_layers(evidence):
    table = dynamics.r_squared_map(evidence)
    assert list(table.index) == ["q", "up"]
    np.testing.assert_allclose(table.to_numpy(), [[0.95, 0.93], [0.94, 0.92]])


def test_trajectories_are_drawn_from_what_is_stored(synthetic, evidence, tmp_path):
    session = session_of([synthetic.spec], {synthetic.name: evidence}, {synthetic.name: ["P2.1"]})
    session.save(tmp_path)
    kept = load_session(tmp_path).evidence(synthetic.name)[DYNAMICS]
    # NaN is not equal to itself, but to its text.
    assert repr(list(kept)) == repr(list(evidence[DYNAMICS]))
    write_report(tmp_path)
    path = tmp_path / "figures" / f"trajectories-{synthetic.name}.svg"
    shown = picture(path)
    assert shown.width > shown.height > 200
    # The end of viridis: the last checkpoint in yellow. Panels of nulls are shaded.
    nulls = sum("random walk" in text for text in shown.texts)
    panels = len(dynamics.pictured(evidence)) * nulls
    assert shown.colours["#ececec"] == panels
    assert shown.colours["#fde725"] >= 2 * panels
    before = path.read_bytes()
    path.unlink()
    write_report(tmp_path)
    assert path.read_bytes() == before


def test_modules_are_drawn_block_by_block(evidence):
    assert [one.module for one in dynamics.pictured(evidence)] == [
        "model.layers.0.mlp.up_proj.weight",
        "model.layers.0.self_attn.q_proj.weight",
    ]


@pytest.mark.parametrize("name", ["a](b) c", "$x$ of <y>", "ümlaut|7", "../up"])
def test_a_name_of_the_users_makes_a_link_and_a_file(name, synthetic, tmp_path):
    synthetic.name = name
    evidence = synthetic.evidence({"full": 0.9, "base": 0.2})
    session_of([synthetic.spec], {name: evidence}, {name: ["P2.1"]}).save(tmp_path)
    text = write_report(tmp_path).read_text()
    (drawn,) = (tmp_path / "figures").glob("trajectories-*.svg")
    assert re.fullmatch(r"[A-Za-z0-9._-]+", drawn.name)
    assert f"](figures/{drawn.name})" in text


def test_the_map_is_drawn_for_every_run(evidence, tmp_path):
    view_of(CLAIMS["P2.1"]).draw(CLAIMS["P2.1"], [evidence] * 3, tmp_path / "dynamics.svg")
    shown = picture(tmp_path / "dynamics.svg")
    assert shown.texts.count("layer") == shown.texts.count("R²") == 3


def test_the_report_has_the_section_once_and_only_of_runs_that_were_measured(
    synthetic, evidence, tmp_path
):
    claims = ["P2.1", "P2.4"]
    session_of([synthetic.spec], {synthetic.name: evidence}, {synthetic.name: claims}).save(
        tmp_path
    )
    text = write_report(tmp_path).read_text()
    assert text.count("## Dynamics of the Rank-1 Subspace") == 1
    assert text.count("| PLS at the accuracy |") == 1
    assert "null: random walk" in text
    assert f"](figures/trajectories-{synthetic.name}.svg)" in text
    without = altered(evidence, dynamics=[])
    session_of([synthetic.spec], {synthetic.name: without}, {synthetic.name: ["P1.1"]}).save(
        tmp_path
    )
    assert "Dynamics of the Rank-1" not in write_report(tmp_path).read_text()
