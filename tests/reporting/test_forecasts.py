"""The tables of forecasts, from chosen accuracies."""

from dataclasses import replace

import numpy as np
import pytest

from alpharl_bench.claims import ALPHARL, Evidence
from alpharl_bench.forecast import Target
from alpharl_bench.forecast.choice import ORACLE, Choice
from alpharl_bench.reporting import forecasts, load_session, write_report
from alpharl_bench.variants import Variant, forecast, full_at
from tests.scores import report_text, score_of, session_of

STEPS = tuple(range(10, 110, 10))
NAME = "qwen3-nano-grpo"
#: By hundredths: the run climbs evenly from 10 to 80.
ACCURACIES = {"base": 10, "full": 80} | {full_at(s).label: 10 + 7 * s // 10 for s in STEPS}


def choice(variant: Variant) -> Choice:
    targets = tuple(Target(accuracy=g) for g in (0.2, 0.6))
    told = variant.method == ORACLE
    return Choice(
        variant.label,
        variant.method,
        variant.number,
        steps=(10, 20),
        observed=(0.17, 0.24),
        targets=targets[:1] if told else targets,
        accuracies=() if told else (0.25, 0.5),
    )


def evidence_of(run: str = NAME, **changed: int) -> Evidence:
    """Every forecast answers 50 of a hundred, but for methods that say something else at 40 %."""
    variants = {v for claim in ALPHARL for v in claim.variants(STEPS) if v.kind == "forecast"}
    named = {
        v: changed.get(v.method.replace("-", "_"), 50) if v.number == 40 else 50 for v in variants
    }
    known = ACCURACIES | {v.label: accuracy for v, accuracy in named.items()}
    scores = {}
    for label, accuracy in known.items():
        marks = np.zeros((20, 50), dtype=int)
        marks.flat[: 10 * accuracy] = 1
        asked = {f"q{i}": "".join(map(str, row)) for i, row in enumerate(marks.T)}
        scores[label] = score_of(label, dict.fromkeys(("addition", "chain"), asked), run=run)
    ordered = sorted(variants, key=lambda v: (v.number, v.method))
    return Evidence(run, STEPS, scores, [], choices=[choice(v) for v in ordered], evaluation=1.5)


def test_stages_are_laid_out_as_in_the_paper() -> None:
    frame = forecasts.stages(evidence_of(alpharl=66, expo=31)).set_index("Stage")
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
    frame = forecasts.stages(known).set_index("Stage")
    # The run has 66 after 80 steps. Four checkpoints and five candidates at 1.5 steps each.
    found = frame.loc["Training 40 % + AlphaRL", "speed-up"]
    assert found.estimate == pytest.approx(80 / (40 + 9 * 1.5))
    assert frame.loc["Training 40 % + ExPO", "speed-up"] == "–"
    # Without the run's own curve there is none.
    scores = {label: score for label, score in known.scores.items() if label != "full @70"}
    frame = forecasts.stages(replace(known, scores=scores)).set_index("Stage")
    assert set(frame["speed-up"]) == {"–"}


def test_no_gain_is_closed_where_none_remains() -> None:
    known = evidence_of(alpharl=66)
    trained = known.scores["full"].model_copy(update={"variant": "full @40"})
    done = replace(known, scores=known.scores | {"full @40": trained})
    frame = forecasts.stages(done).set_index("Stage")
    assert frame.loc["Training 40 % + AlphaRL", "remaining gain closed"] == "–"
    assert frame.loc["Training 30 % + AlphaRL", "remaining gain closed"] != "–"


def test_a_run_that_was_done_at_40_percent_is_said_to_test_nothing() -> None:
    known = evidence_of()
    assert forecasts.untestable(known) == ""
    last = known.scores["full @40"].model_copy(update={"variant": "full"})
    done = replace(known, scores=known.scores | {"full": last})
    assert "cannot test a forecast of 40 %" in forecasts.untestable(done)
    assert "0.000 [0.000, 0.000] more" in forecasts.untestable(done)


def test_the_league_by_hand() -> None:
    frame = forecasts.league(evidence_of(alpharl=66, relex=70, expo=38)).set_index("method")
    assert frame.loc["AlphaRL", "minus the checkpoint"].estimate == pytest.approx(0.28)
    assert frame.loc["RELEX", "AlphaRL minus it"].estimate == pytest.approx(-0.04)
    assert frame.loc["last checkpoint", "AlphaRL minus it"].estimate == pytest.approx(0.28)
    assert frame.loc["ExPO", "minus the checkpoint"].estimate == 0
    assert float(frame.loc["ExPO", "p"]) < 0.05
    # Neither AlphaRL in another form nor the oracle is among the rivals.
    assert frame.loc["AlphaRL, norm-matched", "p"] == frame.loc["AlphaRL, oracle", "p"] == ""
    assert frame.loc["AlphaRL", "chosen"] == "accuracy 0.6"
    assert frame.loc["AlphaRL, oracle", "chosen"] == "accuracy 0.2 (told)"


def test_alike_methods_differ_by_chance() -> None:
    frame = forecasts.league(evidence_of()).set_index("method")
    assert set(frame.loc[list(frame.index[frame["p"] != ""]), "p"]) == {"1"}


def test_over_runs_the_mean_and_who_won() -> None:
    runs = [evidence_of(alpharl=66), evidence_of(alpharl=50), evidence_of(alpharl=20)]
    frame = forecasts.overall(runs).set_index("method")
    row = frame.loc["AlphaRL"]
    assert row["minus the checkpoint"].estimate == pytest.approx((28 + 12 - 18) / 300)
    assert (row["runs"], row["won"], row["lost"], row["open"]) == (3, 2, 1, 0)
    assert row["minus the checkpoint"].low < 0 < row["minus the checkpoint"].high
    alone = forecasts.overall(runs[:1]).set_index("method")
    assert "no interval" in str(alone.loc["AlphaRL", "minus the checkpoint"])
    assert forecasts.overall([]).empty


def test_choices_are_told() -> None:
    still = Choice("relex of 30%", "relex", 30, (10, 20, 30), (), (), ())
    known = replace(evidence_of(), choices=[choice(forecast("alpharl", 20)), still])
    first, second = forecasts.choices(known).to_dict("records")
    assert first["forecast"] == "AlphaRL of 20 %"
    assert first["their accuracies"] == "0.170, 0.240"
    assert first["candidates (accuracy)"] == "accuracy 0.2 (0.250); accuracy 0.6 (0.500)"
    assert first["chosen"] == "accuracy 0.6"
    assert (second["checkpoints"], second["last step"]) == (3, 30)
    assert "stands still" in second["chosen"]


def test_the_paper_closed_these_gains() -> None:
    frame = forecasts.paper().set_index("paper (7–14 B)")
    # DAPO stands in Tables 1 and 3, with the same numbers.
    assert len(frame) == 7
    # (49.42 − 45.30) / (51.52 − 45.30) and 49.42 / 51.52.
    assert frame.loc["GRPO from the Qwen3-8B Base Model", "remaining gain closed"] == "0.662"
    assert frame.loc["GRPO from the Qwen3-8B Base Model", "relative accuracy"] == "0.959"


def test_the_report_has_the_section_where_something_was_forecast(synthetic, tmp_path) -> None:
    known = evidence_of(alpharl=66)
    claims = [claim.id for claim in ALPHARL]
    session_of([synthetic.subject], {NAME: known}, {NAME: claims}).save(tmp_path)
    assert list(load_session(tmp_path).evidence(NAME).choices) == list(known.choices)
    text = write_report(tmp_path).read_text()
    assert "## Forecasts from the first part of the training" in text
    assert "as much as 1.5 steps of the training" in text
    assert "### Over the runs of RL above" in text
    assert "| Training 40 % + AlphaRL " in text
    for curve in ("alpharl", "alpharl-speed", "alpharl-rivals"):
        assert (tmp_path / "figures" / f"{curve}.svg").is_file()
    plain = synthetic.evidence({})
    session_of([synthetic.subject], {NAME: plain}, {NAME: ["P1.1"]}).save(tmp_path)
    assert "## Forecasts" not in report_text(tmp_path)


def test_a_run_without_a_recipe_has_no_cost_of_evaluation(synthetic, tmp_path) -> None:
    known = replace(evidence_of(), kind="SFT", evaluation=0.0)
    synthetic.kind = "SFT"
    session_of([synthetic.subject], {NAME: known}, {NAME: ["A1"]}).save(tmp_path)
    text = report_text(tmp_path)
    assert "is not known of this run" in text
    assert "### Over the runs of RL above" not in text
