"""The tables of forecasts, from chosen accuracies."""

import pytest

from alpharl_bench.forecast import all_methods
from alpharl_bench.forecast.selection import TargetSelection
from alpharl_bench.papers.arxiv_2510_00553.claims import ALPHARL
from alpharl_bench.papers.arxiv_2510_00553.sections import forecast_methods
from alpharl_bench.reporting import load_session, write_report
from alpharl_bench.tables.scores import SCORES
from alpharl_bench.variants import forecast
from tests.evidence import altered
from tests.reporting.forecast_evidence import NAME, choice, evidence_of
from tests.scores import report_text, session_of


def test_stages_are_laid_out_as_in_the_paper() -> None:
    frame = forecast_methods.stages(evidence_of(alpharl=66, expo=31), all_methods()).set_index(
        "Stage"
    )
    assert list(frame.columns[:3]) == ["addition", "chain", "Avg."]
    # 10 % of the training has one checkpoint, which is too few for AlphaRL, and is not asked for.
    assert list(frame.index[:4]) == [
        "Base",
        "Training 10 %",
        "Training 20 %",
        "Training 20 % + AlphaRL",
    ]
    assert frame.index[-1] == "Fully trained"
    row = frame.loc["Training 40 % + AlphaRL"]
    assert (row["addition"], row["Avg."]) == ("66.0", "66.0")
    assert row["relative accuracy"].estimate == pytest.approx(66 / 80)
    # The checkpoint at 40 % is at 38.
    assert row["remaining gain closed"].estimate == pytest.approx((66 - 38) / (80 - 38))
    assert frame.loc["Training 40 % + ExPO", "remaining gain closed"].estimate < 0
    assert frame.loc["Training 40 %", "remaining gain closed"] == "–"


def test_the_speed_up_stands_beside_the_accuracy() -> None:
    known = evidence_of(alpharl=66)
    frame = forecast_methods.stages(known, all_methods()).set_index("Stage")
    # The run has 66 after 80 steps. Four checkpoints and seven candidates at 1.5 steps each.
    found = frame.loc["Training 40 % + AlphaRL", "speed-up"]
    assert found == f"{80 / (40 + 11 * 1.5):.2f}"
    assert frame.loc["Training 40 % + ExPO", "speed-up"] == "–"
    # Without the run's own curve there is none.
    scores = {label: score for label, score in known.scores.items() if label != "full @70"}
    frame = forecast_methods.stages(altered(known, scores=scores), all_methods()).set_index("Stage")
    assert set(frame["speed-up"]) == {"–"}


def test_no_gain_is_closed_where_none_remains() -> None:
    known = evidence_of(alpharl=66)
    trained = known.scores["full"].model_copy(update={"variant": "full @40"})
    done = altered(known, scores=known.scores | {"full @40": trained})
    frame = forecast_methods.stages(done, all_methods()).set_index("Stage")
    assert frame.loc["Training 40 % + AlphaRL", "remaining gain closed"] == "–"
    assert frame.loc["Training 30 % + AlphaRL", "remaining gain closed"] != "–"


def test_a_run_that_was_done_at_40_percent_is_said_to_test_nothing() -> None:
    known = evidence_of()
    assert forecast_methods.untestable(known) == ""
    last = known.scores["full @40"].model_copy(update={"variant": "full"})
    done = altered(known, scores=known.scores | {"full": last})
    assert "cannot test a forecast of 40 %" in forecast_methods.untestable(done)
    assert "0.000 [0.000, 0.000] more" in forecast_methods.untestable(done)


def test_the_methods_are_compared_by_hand() -> None:
    frame = forecast_methods.method_comparison(
        evidence_of(alpharl=66, relex=70, expo=38)
    ).set_index("method")
    assert frame.loc["AlphaRL", "minus the checkpoint"].estimate == pytest.approx(0.28)
    assert frame.loc["RELEX", "AlphaRL minus it"].estimate == pytest.approx(-0.04)
    assert frame.loc["last checkpoint", "AlphaRL minus it"].estimate == pytest.approx(0.28)
    assert frame.loc["ExPO", "minus the checkpoint"].estimate == 0
    assert float(frame.loc["ExPO", "p"]) < 0.05
    # Neither AlphaRL in another form nor the oracle is among the baselines.
    assert frame.loc["AlphaRL, norm-matched", "p"] == frame.loc["AlphaRL, oracle", "p"] == ""
    assert frame.loc["AlphaRL", "chosen"] == "accuracy 0.6, the farthest there is"
    assert frame.loc["AlphaRL, oracle", "chosen"] == "accuracy 0.2 (told)"


def test_alike_methods_differ_by_chance() -> None:
    frame = forecast_methods.method_comparison(evidence_of()).set_index("method")
    assert set(frame.loc[list(frame.index[frame["p"] != ""]), "p"]) == {"1"}


def test_over_runs_the_mean_and_who_won() -> None:
    runs = [evidence_of(alpharl=66), evidence_of(alpharl=50), evidence_of(alpharl=20)]
    frame = forecast_methods.overall(runs).set_index("method")
    row = frame.loc["AlphaRL"]
    assert row["minus the checkpoint"] == f"{(28 + 12 - 18) / 300:.3f}"
    assert row["least … most"] == "-0.180 … 0.280"
    assert (row["runs"], row["won"], row["lost"], row["open"]) == (3, 2, 1, 0)
    assert forecast_methods.overall([]).empty


def test_choices_are_told() -> None:
    still = TargetSelection("relex of 30%", "relex", 30, (10, 20, 30), (), (), ())
    known = altered(evidence_of(), choices=[choice(forecast("alpharl", 20)), still])
    first, second = forecast_methods.choices(known).to_dict("records")
    assert first["forecast"] == "AlphaRL of 20 %"
    assert first["their accuracies"] == "0.170, 0.240"
    assert first["candidates (accuracy)"] == "accuracy 0.2 (0.250); accuracy 0.6 (0.500)"
    assert first["chosen"] == "accuracy 0.6, the farthest there is"
    assert (second["checkpoints"], second["last step"]) == (3, 30)
    assert "no-op" in second["chosen"]


def test_the_paper_closed_these_gains() -> None:
    frame = forecast_methods.paper().set_index("paper (7–14 B)")
    # DAPO stands in Tables 1 and 3, with the same numbers.
    assert len(frame) == 7
    # (49.42 − 45.30) / (51.52 − 45.30) and 49.42 / 51.52.
    assert frame.loc["GRPO from the Qwen3-8B Base Model", "remaining gain closed"] == "0.662"
    assert frame.loc["GRPO from the Qwen3-8B Base Model", "relative accuracy"] == "0.959"


def test_the_report_has_the_section_where_something_was_forecast(synthetic, tmp_path) -> None:
    known = evidence_of(alpharl=66)
    claims = [claim.id for claim in ALPHARL]
    session_of([synthetic.spec], {NAME: known}, {NAME: claims}).save(tmp_path)
    stored = load_session(tmp_path).evidence(NAME)
    assert stored[SCORES].choices == known[SCORES].choices
    text = write_report(tmp_path).read_text()
    assert "## Forecasts from the first part of the training" in text
    assert "as much as 1.5 steps of the training" in text
    assert "### Over the runs of RL above" in text
    assert "| Training 40 % + AlphaRL " in text
    for curve in ("alpharl", "alpharl-speed", "alpharl-baselines"):
        assert (tmp_path / "figures" / f"{curve}.svg").is_file()
    plain = synthetic.evidence({})
    session_of([synthetic.spec], {NAME: plain}, {NAME: ["P1.1"]}).save(tmp_path)
    assert "## Forecasts" not in report_text(tmp_path)


def test_a_run_without_a_recipe_has_no_cost_of_evaluation(synthetic, tmp_path) -> None:
    known = altered(evidence_of(), kind="SFT", evaluation=0.0)
    synthetic.kind = "SFT"
    session_of([synthetic.spec], {NAME: known}, {NAME: ["A1"]}).save(tmp_path)
    text = report_text(tmp_path)
    assert "is not known of this run" in text
    assert "### Over the runs of RL above" not in text
