"""The tables of verdicts, on verdicts made by hand."""

from dataclasses import replace

import pytest

from alpharl_bench.claims import Interval, Outcome, Verdict, holm
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.reporting import tables
from alpharl_bench.reporting.judged import Judged
from tests.evidence import altered
from tests.scores import responses, session_of

GRPO, DAPO = "qwen3-facts-grpo", "qwen3-facts-dapo"


def verdict(claim, run, outcome, p):
    return Verdict(
        CLAIMS[claim], run, outcome, Interval(0.9, 0.8, 0.99), 30, 4, confidence=0.9875, p_value=p
    )


@pytest.fixture
def verdicts():
    # Holm: 0.001 · 4, 0.02 · 3, 0.04 · 2 and 0.5; only the first stays below 0.05.
    return {
        CLAIMS["P1.1"].qualified_id: {
            GRPO: verdict("P1.1", GRPO, Outcome.REFUTED, 0.001),
            DAPO: verdict("P1.1", DAPO, Outcome.REFUTED, 0.02),
        },
        CLAIMS["P1.3"].qualified_id: {
            GRPO: verdict("P1.3", GRPO, Outcome.SUPPORTED, 0.04),
            DAPO: replace(verdict("P1.3", DAPO, Outcome.INCONCLUSIVE, 0.5), samples_needed=9),
        },
    }


@pytest.fixture
def judged(synthetic, verdicts):
    evidence, specs = {}, []
    for name in (GRPO, DAPO):
        synthetic.name = name
        specs.append(synthetic.spec)
        evidence[name] = synthetic.evidence({})
    session = session_of(specs, evidence, {name: ["P1.1", "P1.3"] for name in evidence})
    adjusted = holm(v for by_run in verdicts.values() for v in by_run.values())
    return Judged(session, verdicts, adjusted)


def test_verdicts_that_do_not_survive_are_marked(judged):
    frame = tables.summary(judged).set_index("claim")
    assert frame.loc["P1.1", GRPO] == "✗ refuted (known)"
    assert frame.loc["P1.1", DAPO] == "✗ refuted (known) †"
    assert frame.loc["P1.3", GRPO] == "✓ supported (our line) †"
    assert frame.loc["P1.3", DAPO] == "? inconclusive"


def test_a_row_has_the_confidence_and_both_p_values(judged):
    frame = tables.verdict_rows(judged, CLAIMS["P1.3"]).set_index("run")
    assert list(frame["p (adjusted)"]) == ["0.04 (0.08)", "0.5 (0.5)"]
    assert list(frame["at"]) == ["98.75 %"] * 2
    assert str(frame.loc[GRPO, "ours [interval]"]) == "0.900 [0.800, 0.990]"
    assert frame.loc[DAPO, "note"] == "about 9 samples a question would decide it, 4 were taken"
    assert frame.loc[GRPO, "note"] == ""


def test_the_average_of_the_tasks_counts_every_task_alike(synthetic):
    evidence = synthetic.evidence({"base": 0.2, "full": 0.8})
    few = {
        label: score.model_copy(
            update={
                "responses": score.responses
                | {"chain": {"q0": responses("0000"), "q1": responses("1100")}}
            }
        )
        for label, score in evidence.scores.items()
    }
    claim = CLAIMS["P1.1"]
    known = altered(evidence, scores=few)
    frame = tables.by_task(claim, known, majorities=False).set_index("variant")
    assert list(frame.loc["Fully trained"]) == ["80.0 / 100.0", "25.0 / 50.0", "52.5 / 75.0"]
