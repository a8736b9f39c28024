"""Further answers of a question are like those that are known."""

import numpy as np
import pytest

from alpharl_bench.variants import BASE, FULL, rank
from benchmarks.coverage.nano import Answers, session

TASKS = ["a"] * 200 + ["b"] * 200


def planted(a: float, b: float, known: int = 4) -> Answers:
    """Two families of questions, Beta distributed; one variant is right where the other is not."""
    rng = np.random.default_rng(0)
    chances = np.concatenate([rng.beta(a, b, 200), rng.beta(b, a, 200)])
    first = rng.random((400, known)) < chances[:, None]
    return Answers(TASKS, [FULL, BASE], np.stack([first, ~first], axis=-1))


def parts(right: np.ndarray) -> tuple[float, float]:
    """The variance between questions and that within them."""
    within = right.var(axis=1, ddof=1).mean()
    return float(right.mean(axis=1).var(ddof=1) - within / right.shape[1]), float(within)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.7), (2, 3)])
def test_the_concentration_is_found(a: float, b: float) -> None:
    assert planted(a, b, known=16).concentration == pytest.approx(a + b, rel=0.25)


def test_the_concentration_by_hand() -> None:
    # Means 1, ½, ½, 0 of two answers: B = 2 · 1/6, W = (0 + ½ + ½ + 0)/4. r = (1/3 − 1/4) / (1/3 +
    # 1/4) = 1/7, and a + b = 6.
    right = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], dtype=bool)[..., None]
    assert Answers(["a"] * 4, [FULL], right).concentration == pytest.approx(6)


def test_further_answers_vary_between_questions_and_within_as_the_known_ones() -> None:
    answers = planted(0.5, 0.7)
    first = answers.right[..., 0]
    more = answers.more(40, np.random.default_rng(1))[..., 0]
    assert more.mean() == pytest.approx(first.mean(), abs=0.05)
    for family in (slice(200), slice(200, None)):
        assert more[family].mean() == pytest.approx(first[family].mean(), abs=0.05)
    assert parts(more) == pytest.approx(parts(first), abs=0.03)


def test_answers_of_variants_stay_together() -> None:
    more = planted(0.5, 0.7).more(10, np.random.default_rng(1))
    assert (more[..., 0] != more[..., 1]).all()


def test_what_is_always_right_stays_right() -> None:
    answers = planted(0.5, 0.7)
    always = Answers(TASKS, answers.variants, np.ones_like(answers.right))
    with np.errstate(invalid="ignore"):
        assert always.more(5, np.random.default_rng(0)).all()


def test_the_session_has_its_answers() -> None:
    answers = Answers.of("qwen3-carry-grpo", [FULL, rank(1)])
    evidence = session().evidence("qwen3-carry-grpo")
    samples = min(evidence.score(v).samples_per_question for v in (FULL, rank(1)))
    assert answers.right.shape == (len(evidence.tasks), samples, 2)
    means = answers.right.mean(axis=(0, 1))  # all of its tasks have as many questions
    first = [evidence.score(v).first(samples).accuracy for v in (FULL, rank(1))]
    assert means == pytest.approx(first)
