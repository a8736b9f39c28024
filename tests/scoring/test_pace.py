"""What scores took: by hand, and as a real engine counts it."""

from dataclasses import replace

import pytest

from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.pace import Effort, Pace, measured_pace, note_effort, pace_folder
from alpharl_bench.variants import BASE
from tests.scoring.test_engine import BASE_FOLDER, engine_of

ASKED = Sampling(("addition",), questions=4, samples=2)


def test_a_pace_is_the_mean_length_and_the_median_time():
    efforts = [Effort(10, 50, 1.0), Effort(10, 70, 1.2), Effort(20, 60, 40.0)]
    pace = Pace.of(efforts)
    assert pace.tokens == 180 / 40
    assert pace.seconds == pytest.approx(0.12)  # the third waited for something else
    assert pace.rate == pytest.approx(4.5 / 0.12)
    assert pace.scores == 3


@pytest.mark.parametrize("efforts", [[], [Effort(0, 0, 1.0)], [Effort(3, 0, 1.0)]])
def test_what_was_not_measured_has_no_pace(efforts):
    assert Pace.of(efforts) is None


def test_notes_are_of_a_model_and_of_one_kind_of_questions(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHARL_BENCH_CACHE", str(tmp_path))
    engine = EngineOptions()
    folder = pace_folder("qwen3-facts", ASKED, engine)
    assert measured_pace(folder) is None
    for look in range(2):
        note_effort(folder, tmp_path / "store" / f"{look}.json", Effort(8, 40, 2.0))
    assert measured_pace(folder) == Pace(5.0, 0.25, 2)
    # As many questions as one likes, and nothing else.
    assert pace_folder("qwen3-facts", replace(ASKED, questions=60, samples=1), engine) == folder
    for other in (
        pace_folder("qwen3-carry", ASKED, engine),
        pace_folder("qwen3-facts", replace(ASKED, max_tokens=9), engine),
        pace_folder("qwen3-facts", replace(ASKED, tasks=("chain",)), engine),
        pace_folder("qwen3-facts", ASKED, replace(engine, dtype="bfloat16")),
    ):
        assert other != folder


def test_an_engine_counts_the_tokens_of_its_responses():
    engine = engine_of(BASE_FOLDER)
    score, effort = engine.measured_score(BASE)
    assert effort.responses == sum(len(marks) for marks in score.marks)
    assert 0 < effort.tokens <= effort.responses * engine.questions.max_tokens
    assert effort.seconds > 0
    again = engine.measured_score(BASE)[1]
    assert again.tokens == effort.tokens
