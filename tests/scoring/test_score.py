"""Scores: accuracies by hand, and files of scores."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.grading import Mark
from alpharl_bench.scoring import read_scores
from alpharl_bench.scoring.score import joined
from tests.scores import score_of

MARKS = {"modulo": {"47%6=": "1100", "9": "00-x"}, "chain": {"9": "1110"}}
SCORE = score_of("rank-1", MARKS)


def test_accuracies_by_hand() -> None:
    assert SCORE.questions == (("modulo", "47%6="), ("modulo", "9"), ("chain", "9"))
    np.testing.assert_array_equal(SCORE.per_question, [0.5, 0, 0.75])
    assert SCORE.task_accuracy("modulo") == 0.25
    assert SCORE.task_accuracy("chain") == 0.75
    assert SCORE.accuracy == 0.5  # the mean over tasks, not over questions
    assert SCORE.task_pass("modulo") == 0.5
    # Of the 6 pairs of "1100" one has no right response; "00-x" never has one.
    assert SCORE.task_pass("modulo", 2) == pytest.approx((5 / 6 + 0) / 2)
    # Two votes for the right answer, one for each of two wrong ones; then a tie of wrong ones.
    assert SCORE.task_majority("modulo") == 0.5
    assert SCORE.share(Mark.STOPPED) == 1 / 12
    assert SCORE.share(Mark.NO_ANSWER) == 1 / 12


def test_looks_are_joined_in_order_and_parted_again() -> None:
    second = score_of("rank-1", {"modulo": {"47%6=": "0011", "9": "1111"}, "chain": {"9": "0000"}})
    both = joined([SCORE, second])
    assert both.marks == ("11000011", "00-x1111", "11100000")
    assert both.responses["modulo"]["9"].answers[1:5] == ("wrong 1", None, None, "gold")
    assert both.samples_per_question == 8
    assert both.first(4) == SCORE
    assert joined([SCORE]) == SCORE


def test_looks_at_other_variants_or_questions_are_not_joined() -> None:
    for other in (score_of("rank-2", MARKS), score_of("rank-1", {"modulo": MARKS["modulo"]})):
        with pytest.raises(ValueError, match="same variant and questions"):
            joined([SCORE, other])


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=9))
def test_mean_at_k_is_the_mean_of_all_samples(samples: list[list[bool]]) -> None:
    marks = {f"q{i}": "".join("01"[mark] for mark in row) for i, row in enumerate(samples)}
    score = score_of("v", {"chain": marks})
    np.testing.assert_allclose(score.per_question, np.mean(samples, axis=1))
    assert score.accuracy == pytest.approx(np.mean(samples))
    assert score.task_accuracy("chain") == pytest.approx(np.mean(samples))


def test_a_file_of_scores_is_read_as_it_was_written(tmp_path: Path) -> None:
    other = SCORE.model_copy(update={"variant": "Größe ≥ 1"})
    path = tmp_path / "scores.jsonl"
    path.write_text(f"{SCORE.model_dump_json()}\n{other.model_dump_json()}\n", encoding="utf-8")
    assert read_scores(path) == [SCORE, other]
    assert read_scores(path)[0].questions == SCORE.questions  # in order


def test_a_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.jsonl", tmp_path):
        with pytest.raises(AlphaRLBenchError) as caught:
            read_scores(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[: len(line) // 2],
        lambda line: line.replace(b'"variant"', b'"variants"'),
        lambda line: line.replace(b'"seed":0', b'"seed":"a"'),
        lambda line: line.replace(b'"1100"', b"1100"),
        lambda line: line.replace(b'"1100"', b'"1102"'),
        lambda line: line.replace(b'"1100"', b'"110"'),
        lambda line: line.replace(b"rank", b"\xff\xfe"),
        lambda _: b"[]",
        lambda _: b"Traceback",
    ],
    ids=["cut", "key", "seed", "type", "marks", "pairs", "bytes", "list", "text"],
)
def test_a_damaged_line(tmp_path: Path, damage) -> None:
    good = SCORE.model_dump_json().encode()
    assert damage(good) != good
    path = tmp_path / "scores.jsonl"
    path.write_bytes(good + b"\n" + damage(good) + b"\n")
    with pytest.raises(AlphaRLBenchError) as caught:
        read_scores(path)
    assert f"{path}: not a file of scores" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_score_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        SCORE.variant = "full"
