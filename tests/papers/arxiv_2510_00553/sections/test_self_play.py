"""The tables of self-play, from matches with chosen ends."""

import pytest

from alpharl_bench.papers.arxiv_2510_00553.sections import self_play
from alpharl_bench.scoring import Score
from alpharl_bench.scoring.catalogue import GAME_TASKS
from alpharl_bench.scoring.score import KuhnPolicy, Responses
from alpharl_bench.variants import full_at, rank
from tests.evidence import altered, planted
from tests.scores import PROVENANCE, report_text, session_of

STEPS = (5, 10, 40, 100)
SPIRAL = "qwen3-switch-spiral"
UNIFORM = {f"{card}{history}": 0.5 for card in "012" for history in ("", "p", "b", "pb")}


def score(variant, won, exploitability=0.2):
    """Of twenty matches of every game ``won`` are won, one is lost by a forbidden move."""
    ends = [("1", "+2")] * won + [("-", "-2")] + [("0", "-1")] * (19 - won)
    matches = {
        f"m{n}": Responses(marks=mark, answers=(paid,)) for n, (mark, paid) in enumerate(ends)
    }
    return Score(
        variant=variant,
        responses=dict.fromkeys(GAME_TASKS, matches),
        kuhn_policy=KuhnPolicy(
            active=UNIFORM | {"2pb": 0.9},
            off_rules=dict.fromkeys(UNIFORM, 0.01) | {"1b": 0.25},
            exploitability=exploitability,
        ),
        provenance=PROVENANCE.model_copy(update={"run": SPIRAL, "tasks": GAME_TASKS}),
    )


def evidence_of(*scores):
    return planted(SPIRAL, STEPS, {s.variant: s for s in scores}, kind="self-play")


@pytest.fixture
def evidence():
    at = [
        score(variant.label, won, step / 1000)
        for step, won in zip(STEPS, (4, 5, 10, 16), strict=True)
        for variant in (full_at(step), rank(1, step=step))
    ]
    return evidence_of(score("base", 4, 0.458), score("full", 16), score("rank-1", 15), *at)


def test_stages_stand_beside_the_paper_s(evidence):
    frame = self_play.stages(evidence).set_index("stage")
    # Those of the paper that have a checkpoint: of a hundred steps the 5th, 10th, 40th and last.
    assert list(frame.index) == ["5 %", "10 %", "40 %", "100 %"]
    assert list(frame["step"]) == list(STEPS)
    # 4, 5, 10 and 16 of 20.
    rates = [round(interval.estimate, 9) for interval in frame["win rate"]]
    assert rates == [0.2, 0.25, 0.5, 0.8]
    assert str(frame.loc["40 %", "Rank-1 win rate"]).startswith("0.500 [")
    assert list(frame["exploitability"]) == ["0.005", "0.010", "0.040", "0.100"]
    assert list(frame["paper: win rate"]) == ["3 %", "5 %", "43 %", "65 %"]
    assert list(frame["paper: Rank-1 win rate"]) == ["2 %", "5 %", "44 %", "62 %"]
    assert list(frame["paper: AlphaRL win rate"]) == ["4 %", "12 %", "59 %", "–"]
    assert set(frame["AlphaRL win rate"]) == {"–"}


def test_alpharl_stands_beside_its_stage_with_rank_1_or_without():
    scored = (score(full_at(40).label, 10), score("alpharl of 40%", 13), score("full", 16))
    frame = self_play.stages(evidence_of(score("base", 4), *scored)).set_index("stage")
    assert list(frame.index) == ["40 %"]
    assert round(frame.loc["40 %", "AlphaRL win rate"].estimate, 9) == 0.65
    assert frame.loc["40 %", "Rank-1 win rate"] == frame.loc["40 %", "Rank-1 exploitability"] == "–"


def test_the_end_of_training_is_there_also_where_no_stage_was_scored():
    frame = self_play.stages(evidence_of(score("base", 4), score("full", 16), score("rank-1", 15)))
    assert list(frame["stage"]) == ["100 %"]
    assert round(frame.loc[0, "Rank-1 win rate"].estimate, 9) == 0.75


def test_matches_by_hand(evidence):
    frame = self_play.matches(evidence).set_index(["game", "variant"])
    assert len(frame) == 3 * len(GAME_TASKS)
    # 4 won for 2 chips, 1 forbidden for −2, 15 lost for −1: (8 − 2 − 15)/20.
    base = frame.loc["kuhn-nash", "Base"]
    assert (base["won"], base["forbidden"], base["payoff"]) == ("0.200", "0.050", "-0.450")
    assert frame.loc[("negotiation-trader", "Fully trained"), "payoff"] == "+1.350"


def test_the_policy_by_card_and_history(evidence):
    frame = self_play.policy(evidence).set_index("variant")
    assert list(frame["exploitability"]) == ["0.458", "0.200", "0.200"]
    assert list(frame["K pb"]) == ["0.90"] * 3
    assert list(frame["J"]) == ["0.50"] * 3
    assert list(frame["off the rules"]) == ["0.250"] * 3


def test_without_poker_there_is_no_policy(evidence):
    scores = {
        label: s.model_copy(update={"kuhn_policy": None}) for label, s in evidence.scores.items()
    }
    talk = altered(evidence, scores=scores)
    assert self_play.policy(talk).empty
    assert set(self_play.stages(talk)["exploitability"]) == {"–"}


def test_the_report_has_the_section_only_of_runs_that_played(evidence, synthetic, tmp_path):
    synthetic.name = SPIRAL
    session = session_of([synthetic.spec], {SPIRAL: evidence}, {SPIRAL: []})
    session.save(tmp_path)
    text = report_text(tmp_path)
    assert "## Self-play: win rate and exploitability" in text
    assert f"### {SPIRAL}" in text
    synthetic.name = "qwen3-switch-grpo"
    arithmetic = synthetic.evidence({})
    session = session_of([synthetic.spec], {synthetic.name: arithmetic}, {synthetic.name: []})
    session.save(tmp_path)
    assert "Self-play" not in report_text(tmp_path)


def test_samples_of_a_match_have_no_majority(synthetic, tmp_path):
    synthetic.name = SPIRAL
    asked = synthetic.evidence({"full": 0.9, "base": 0.2})
    games = {v: score(v, 18 if v == "full" else 4) for v in asked.scores}
    texts = []
    for evidence in (asked, altered(asked, scores=games)):
        session_of([synthetic.spec], {SPIRAL: evidence}, {SPIRAL: ["P1.1"]}).save(tmp_path)
        texts.append(report_text(tmp_path))
    assert ["pass@" in text for text in texts] == [True, True]
    assert ["maj@" in text for text in texts] == [True, False]
